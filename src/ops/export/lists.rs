//! Exception lists by themselves: those that are asked for, and those that an export of rules leaves out.

use serde::Deserialize;

use super::read::{again, exported, is_refusal, status, strange};
use super::{Lacking, Run};
use crate::bundle::Thing;
use crate::error::Result;
use crate::kibana::{Method, Request};
use crate::ops::find;
use crate::record::{ListId, ListKey, Record};

impl Run<'_> {
    /// Takes lists with their items: those of these ids, or all that Kibana does not make itself.
    pub(super) fn lists(&mut self, ids: &[ListId]) -> Result<()> {
        let mut found: Vec<(ListKey, Box<str>)> = Vec::new();
        again(self.client, || {
            found.clear();
            find::lists(self.client, self.space, &mut |text| {
                let Ok(list) = Record::parse(text, 0) else {
                    return Ok(());
                };
                if let (Some(key), Some(id)) = (list.list_key(), list.str("id")) {
                    found.push((key, (&*id).into()));
                }
                Ok(())
            })
        })?;
        for id in ids {
            if !found.iter().any(|(list, _)| list.id == *id) {
                self.lack(Lacking::List(id.clone()), "there is no such list");
            }
        }
        for (list, id) in found {
            if ids.is_empty() && list.id.is_reserved() {
                self.told.reserved.push(list.id);
            } else if ids.is_empty() || ids.contains(&list.id) {
                self.list(&list, &id)?;
            }
        }
        Ok(())
    }

    /// The object id that a list has now; none where there is no such list.
    pub(super) fn list_id(&mut self, list: &ListKey) -> Result<Option<Box<str>>> {
        #[derive(Deserialize)]
        struct Answer {
            id: Box<str>,
        }
        let request = Request::new(Method::Get, "/api/exception_lists")
            .in_space(self.space)
            .with("list_id", list.id.as_str())
            .with("namespace_type", list.namespace.name());
        let answer = again(self.client, || self.client.send(&request)?.json::<Answer>());
        match answer {
            Ok(answer) => Ok(Some(answer.id)),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a list with its items, expired ones too, as an export of rules has them; or names it.
    pub(super) fn list(&mut self, list: &ListKey, id: &str) -> Result<()> {
        let request = Request::new(Method::Post, "/api/exception_lists/_export")
            .in_space(self.space)
            .with("id", id)
            .with("list_id", list.id.as_str())
            .with("namespace_type", list.namespace.name())
            .with("include_expired_exceptions", "true")
            .replayed();
        let thing = Thing::List(list.clone());
        let draft = &mut self.draft;
        let read = exported(self.client, &request, &mut |record| {
            draft.take(record).map(|_| ())
        });
        let why = match read {
            Ok(_) if self.draft.has(&thing) => return Ok(()),
            Ok(_) => strange(&request, "the list is not in it").to_string(),
            Err(error) if is_refusal(&error) => error.to_string(),
            Err(error) => return Err(error),
        };
        self.lack(Lacking::Thing(thing), why);
        Ok(())
    }
}
