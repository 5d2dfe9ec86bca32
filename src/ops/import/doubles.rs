//! Which objects of a space share one key, and which of them go? A proxy that sends a request twice makes such pairs.

use super::super::find;
use super::inventory::{Inventory, What};
use super::view::View;
use crate::error::{Error, ErrorKind, Result};
use crate::kibana::{Client, Method, Request, Space};
use crate::record::{Kind, Record};

/// Objects of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Double {
    /// The line of the bundle that has the key.
    pub index: u32,
    /// The object ids, the oldest first.
    pub objects: Vec<Box<str>>,
    /// Whether the younger ones can be removed without harm to the oldest; deleting one of two lists takes the items of both.
    pub is_removable: bool,
}

/// When an object was made, and its id.
type Object = (Box<str>, Box<str>);

/// Looks for the objects that share a key of the bundle. `lines` are those whose key has several.
pub fn doubles(
    client: &Client,
    space: &Space,
    bundle: &Inventory,
    lines: &[u32],
) -> Result<Vec<Double>> {
    let mut found: Vec<(u32, Vec<Object>)> =
        lines.iter().map(|&index| (index, Vec::new())).collect();
    let mut take = |kind: Kind, record: &Record<'_>| {
        let list = record.list_key().filter(|_| kind != Kind::Rule);
        let index = record
            .id()
            .and_then(|id| bundle.find(kind, list.as_ref(), &id));
        let place = found.iter_mut().find(|(line, _)| Some(*line) == index);
        if let (Some((_, objects)), Some(id)) = (place, record.str("id")) {
            let made = record.str("created_at").unwrap_or_default().into();
            objects.push((made, id.into()));
        }
    };
    let rules: Vec<&str> = lines
        .iter()
        .map(|&index| bundle.entry(index))
        .filter(|entry| entry.kind == Kind::Rule)
        .filter_map(|entry| entry.id)
        .collect();
    let mut each = |kind: Kind, text: &str| {
        if let Ok(record) = Record::parse(text, 0) {
            take(kind, &record);
        }
        Ok(())
    };
    find::rules_of(client, space, &rules, &mut |text| each(Kind::Rule, text))?;
    let mut numbers: Vec<u32> = lines
        .iter()
        .filter_map(|&index| match bundle.entry(index).what {
            What::List(number, _) | What::Item(number) => Some(number),
            _ => None,
        })
        .collect();
    numbers.sort_unstable();
    numbers.dedup();
    if !numbers.is_empty() {
        find::lists(client, space, &mut |text| each(Kind::ExceptionList, text))?;
        let view = View::exceptions_of(client, space, bundle)?;
        let keys: Vec<_> = numbers
            .iter()
            .filter_map(|&number| Some((&bundle.list(number).key, &*view.list(number)?.id)))
            .collect();
        find::items_of(client, space, &keys, &mut |text| {
            each(Kind::ExceptionItem, text)
        })?;
    }
    let doubles = found.into_iter().filter(|(_, objects)| objects.len() > 1);
    Ok(doubles
        .map(|(index, mut objects)| {
            objects.sort();
            Double {
                index,
                objects: objects.into_iter().map(|(_, id)| id).collect(),
                is_removable: !matches!(bundle.entry(index).what, What::List(..)),
            }
        })
        .collect())
}

/// Removes the younger objects of a key; says how many. The oldest stays.
pub fn remove_younger(
    client: &Client,
    space: &Space,
    bundle: &Inventory,
    double: &Double,
) -> Result<usize> {
    if !double.is_removable {
        return Ok(0);
    }
    let (path, namespace) = match bundle.entry(double.index).what {
        What::Item(number) => (
            "/api/exception_lists/items",
            Some(bundle.list(number).key.namespace.name()),
        ),
        _ => ("/api/detection_engine/rules", None),
    };
    let younger = double.objects.get(1..).unwrap_or_default();
    for id in younger {
        let request = Request::new(Method::Delete, path)
            .in_space(space)
            .with("id", id.clone())
            .replayed();
        let request = match namespace {
            Some(namespace) => request.with("namespace_type", namespace),
            None => request,
        };
        match client.send(&request) {
            Ok(_) => {}
            // It was deleted, and the answer lost.
            Err(error) if is_absent(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(younger.len())
}

fn is_absent(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Status { status: 404, .. })
}
