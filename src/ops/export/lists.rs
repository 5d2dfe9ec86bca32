//! Exception lists by themselves: those that are asked for, and those that an export of rules leaves out.

use super::read::{
    again, exported, is_out_of_reach, is_refusal, on_one_line, record, status, strange,
};
use super::{Lack, Lacking, Run};
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
                if !self.told.reserved.contains(&list.id) {
                    self.told.reserved.push(list.id);
                }
            } else if self.is_settled(&list) {
                // It came with a rule, or could not be had for one.
            } else if ids.is_empty() || ids.contains(&list.id) {
                self.list(&list, &id)?;
            }
        }
        Ok(())
    }

    /// Whether the list is there, or was named as one that is not.
    fn is_settled(&self, list: &ListKey) -> bool {
        let thing = Thing::List(list.clone());
        let is_it = |lack: &Lack| matches!(&lack.what, Lacking::Thing(what) if *what == thing);
        self.draft.has(&thing) || self.told.lacking.iter().any(is_it)
    }

    /// Takes a list by the id that it has now, which need not be the one that rules have; false where there is no such list.
    pub(super) fn list_by_key(&mut self, list: &ListKey) -> Result<bool> {
        let Some(text) = self.list_text(list)? else {
            return Ok(false);
        };
        let id = Record::parse(&text, 0)
            .ok()
            .and_then(|found| found.str("id").map(|id| id.to_string()));
        self.list(list, &id.unwrap_or_default())?;
        Ok(true)
    }

    /// The list without its items, on one line; none where there is none.
    fn list_text(&self, list: &ListKey) -> Result<Option<String>> {
        let request = Request::new(Method::Get, "/api/exception_lists")
            .in_space(self.space)
            .with("list_id", list.id.as_str())
            .with("namespace_type", list.namespace.name());
        match record(self.client, &request) {
            Ok(text) => Ok(Some(text)),
            Err(error) if status(&error) == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Takes a list with its items, expired ones too, as an export of rules has them; or names it.
    fn list(&mut self, list: &ListKey, id: &str) -> Result<()> {
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
        let refusal = match read {
            Ok(_) if self.draft.has(&thing) => return Ok(()),
            Ok(_) => strange(&request, "the list is not in it"),
            Err(error) if is_refusal(&error) => error,
            Err(error) => return Err(error),
        };
        match self.list_singly(list, id) {
            Ok(true) => Ok(()),
            Ok(false) => {
                self.lack(Lacking::Thing(thing), "it was deleted meanwhile");
                Ok(())
            }
            Err(error) if is_refusal(&error) || is_out_of_reach(&error) => {
                self.lack(Lacking::Thing(thing), refusal.to_string());
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// Takes a list and its items as the routes for single ones give them; false where there is no such list.
    fn list_singly(&mut self, list: &ListKey, id: &str) -> Result<bool> {
        let Some(text) = self.list_text(list)? else {
            return Ok(false);
        };
        self.draft.take(&Record::parse(&text, 0)?)?;
        let draft = &mut self.draft;
        again(self.client, || {
            find::items_of(self.client, self.space, &[(list, id)], &mut |text| {
                draft
                    .take(&Record::parse(&on_one_line(text), 0)?)
                    .map(|_| ())
            })
        })?;
        Ok(true)
    }
}
