//! The bundle while it is made: each record once, in the order of an export.

use std::collections::HashSet;
use std::io::{self, BufWriter, Write};

use super::{Lack, Lacking};
use crate::bundle::{Needs, References, Thing, key};
use crate::error::{Error, Result};
use crate::record::{Counts, Kind, Missed, Record, RuleId, details_line_missing};
use crate::stream::Spool;

/// A bundle that is being written: rules at once, what follows them when all rules are there.
///
/// Takes some ten bytes of memory a record, and more for each list and connector.
pub(super) struct Draft<'o> {
    out: &'o mut dyn Write,
    exceptions: BufWriter<Spool>,
    others: BufWriter<Spool>,
    written: HashSet<u128>,
    /// The `rule_id`s there are, to find those of several rules.
    named: HashSet<u128>,
    repeated: Vec<RuleId>,
    counts: Counts,
    needs: Needs,
}

impl<'o> Draft<'o> {
    pub(super) fn new(out: &'o mut dyn Write) -> Result<Self> {
        let spool = || Spool::new().map(|spool| BufWriter::with_capacity(1 << 16, spool));
        Ok(Self {
            out,
            exceptions: spool()?,
            others: spool()?,
            written: HashSet::new(),
            named: HashSet::new(),
            repeated: Vec::new(),
            counts: Counts::default(),
            needs: Needs::default(),
        })
    }

    /// Takes a record, unless it is there already or closes an export; says whether it was taken.
    pub(super) fn take(&mut self, record: &Record<'_>) -> Result<bool> {
        let kind = record.kind();
        if kind == Kind::Details || !self.written.insert(key_of(record)) {
            return Ok(false);
        }
        if kind == Kind::Rule {
            let ordinal = self.counts[Kind::Rule];
            self.needs
                .add(References::of(record), ordinal, &record.label());
            if let Some(id) = record.str("rule_id")
                && !self.named.insert(key::hash(&*id))
            {
                self.repeated.push(id.into());
            }
        }
        if let Some(thing) = Thing::is(record) {
            self.needs.hold(thing);
        }
        let mut line = Vec::with_capacity(record.text().len() + 1);
        record.write(&mut line);
        line.push(b'\n');
        match kind {
            Kind::Rule => self.out.write_all(&line).map_err(writing)?,
            Kind::ExceptionList | Kind::ExceptionItem => {
                self.exceptions.write_all(&line).map_err(keeping)?;
            }
            Kind::Connector | Kind::Other | Kind::Details => {
                self.others.write_all(&line).map_err(keeping)?;
            }
        }
        self.counts[kind] += 1;
        Ok(true)
    }

    /// Whether the rule with this object id is there.
    pub(super) fn has_rule(&self, id: &str) -> bool {
        self.written.contains(&object(id))
    }

    /// Whether the list or connector is there.
    pub(super) fn has(&self, thing: &Thing) -> bool {
        self.needs.holds(thing)
    }

    pub(super) fn rules(&self) -> u64 {
        self.counts[Kind::Rule]
    }

    pub(super) fn needs(&self) -> &Needs {
        &self.needs
    }

    /// Writes what waits, and the details line, which names what was missed; gives the counts and the ids that several rules have.
    pub(super) fn finish<'l>(
        mut self,
        missed: impl Iterator<Item = &'l Lack>,
    ) -> Result<(Counts, Vec<RuleId>)> {
        for kept in [self.exceptions, self.others] {
            let mut spool = kept
                .into_inner()
                .map_err(|error| keeping(error.into_error()))?;
            copy(&mut spool.reader()?, self.out)?;
        }
        let mut named = Missed::default();
        for lack in missed {
            match &lack.what {
                Lacking::Rule(id) => named.rules.push(id),
                Lacking::Thing(Thing::List(list)) => named.lists.push(&list.id),
                Lacking::List(id) => named.lists.push(id),
                Lacking::Thing(Thing::Connector(id)) => named.connectors.push(id),
                Lacking::Rules | Lacking::Connectors => {}
            }
        }
        let line = details_line_missing(self.counts, &named) + "\n";
        self.out.write_all(line.as_bytes()).map_err(writing)?;
        self.counts[Kind::Details] += 1;
        Ok((self.counts, self.repeated))
    }
}

/// Copies what was kept to the output; an error says which of the two failed.
fn copy(from: &mut dyn io::Read, to: &mut dyn Write) -> Result<()> {
    let mut window = vec![0; 1 << 16];
    loop {
        let read = match from.read(&mut window) {
            Ok(0) => return Ok(()),
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(Error::io("reading a temporary file", error)),
        };
        to.write_all(&window[..read]).map_err(writing)?;
    }
}

/// A rule is told by its object id, since a space may have two rules of one `rule_id`; other records by what people know them by.
fn key_of(record: &Record<'_>) -> u128 {
    let id = match record.kind() {
        Kind::Rule => record.str("id").map(|id| object(&id)),
        _ => None,
    };
    id.or_else(|| key::of(record))
        .unwrap_or_else(|| key::hash(record.text()))
}

fn object(id: &str) -> u128 {
    key::hash(&("object", id))
}

fn writing(source: io::Error) -> Error {
    Error::io("writing the output", source)
}

fn keeping(source: io::Error) -> Error {
    Error::io("writing a temporary file", source)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(draft: &mut Draft<'_>, line: &str) -> bool {
        draft.take(&Record::parse(line, 0).unwrap()).unwrap()
    }

    #[test]
    fn every_record_is_there_once_in_the_order_of_an_export() {
        let mut out = Vec::new();
        let mut draft = Draft::new(&mut out).unwrap();
        let lines = [
            (
                r#"{"id":"1","rule_id":"a", "x":1.0,"exceptions_list":[{"list_id":"l"}]}"#,
                true,
            ),
            (r#"{"id":"9","list_id":"l"}"#, true),
            (r#"{"item_id":"i","list_id":"l"}"#, true),
            (r#"{"id":"c","type":"action","attributes":{}}"#, true),
            (r#"{"exported_count":3}"#, false),
            (r#"{"id":"2","rule_id":"b"}"#, true),
            (r#"{"id":"1","rule_id":"a","changed":"meanwhile"}"#, false),
            (r#"{"id":"3","rule_id":"b"}"#, true),
            (r#"{"id":"8","list_id":"l"}"#, false),
            (
                r#"{"id":"7","list_id":"l","namespace_type":"agnostic"}"#,
                true,
            ),
        ];
        for (line, expected) in lines {
            assert_eq!(taken(&mut draft, line), expected, "{line}");
        }
        assert!(draft.has_rule("2") && !draft.has_rule("9"));
        let lacking = [Lack {
            what: Lacking::Rule("z".into()),
            why: "gone".into(),
        }];
        let (counts, repeated) = draft.finish(lacking.iter()).unwrap();
        assert_eq!(counts.total(), 8);
        assert_eq!(repeated, [RuleId::from("b")]);
        let text = String::from_utf8(out).unwrap();
        let order: Vec<&str> = text.lines().collect();
        let expected = [0, 5, 7, 1, 2, 9, 3].map(|index| lines[index].0);
        assert_eq!(order[..7], expected);
        assert!(order[7].starts_with(r#"{"exported_count":7,"exported_rules_count":3,"missing_rules":[{"rule_id":"z"}],"missing_rules_count":1,"#), "{}", order[7]);
    }
}
