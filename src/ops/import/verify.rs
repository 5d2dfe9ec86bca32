//! Is everything in the space as it was told? Read once more at the end; what is told is what is there.

use super::super::model::Outcome;
use super::crossing::Crossing;
use super::inventory::What;
use super::patience::LOOKS;
use super::told::Told;
use super::view::{Seen, indices};
use crate::error::Result;

impl Crossing<'_> {
    /// Reads all that the bundle names again, and corrects what was told of it.
    pub(super) fn verify(&mut self) -> Result<()> {
        let bundle = self.bundle;
        for again in 0..=LOOKS {
            self.read_connectors()?;
            self.read_exceptions()?;
            self.read_rules(None)?;
            let is_late = indices(bundle).any(|index| {
                let told = self.told[index as usize].as_ref();
                told.is_some_and(Told::is_there) && !self.is_met(index)
            });
            if again == LOOKS || !is_late {
                break;
            }
            self.pause(self.pause_time(again))?;
        }
        for index in indices(bundle) {
            self.correct(index);
        }
        Ok(())
    }

    /// Whether the space has the line. A connector is told by its id alone: servers complete what it says.
    fn is_met(&self, index: u32) -> bool {
        match (self.view.seen(index), &self.bundle.entry(index).what) {
            (Seen::Same, _) | (Seen::Differs, What::Connector(..)) => true,
            (Seen::Differs | Seen::Absent, _) => false,
        }
    }

    fn correct(&mut self, index: u32) {
        let is_met = self.is_met(index);
        let seen = self.view.seen(index);
        let differing = self.view.differing(index).join("`, `");
        let aim = self.aims[index as usize].outcome();
        let Some(told) = &mut self.told[index as usize] else {
            return;
        };
        let is_open = matches!(
            told.outcome,
            Outcome::Refused | Outcome::Failed | Outcome::Unknown
        );
        if told.outcome.is_there() {
            if seen == Seen::Absent {
                let why = "the server took it, and it is not in the space";
                told.outcome = Outcome::Failed;
                add(&mut told.message, why);
            } else if !is_met {
                told.differs = true;
                add(
                    &mut told.message,
                    &format!("in the space it differs in `{differing}`"),
                );
            }
        } else if is_open && is_met && told.part.is_some() {
            // It arrived after its answer was given up.
            told.outcome = aim.filter(|it| it.is_there()).unwrap_or(Outcome::Created);
            told.message = None;
        }
    }
}

fn add(message: &mut Option<Box<str>>, words: &str) {
    *message = Some(match message.take() {
        Some(before) => format!("{before}; {words}").into(),
        None => words.into(),
    });
}
