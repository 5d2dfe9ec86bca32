//! `set-schedule`: says when rules run, and how far they look back.

use super::{Census, Edit, KibanaEdit, Setup, Transform, Verdict};
use crate::edit::Schedule;
use crate::error::Result;
use crate::record::Record;

/// Sets how often rules run, and how far they look back beyond that.
///
/// As the bulk edit `set_schedule` of Kibana 9: `interval` is written as given, `from` becomes `now-` with interval and
/// look-back together in seconds, `meta.from` is the look-back. `to` stays. Both are a number from 1 and `s`, `m` or `h`.
///
/// A rule with an action that is throttled to less than the interval is refused.
///
/// Example: ruleferry edit set-schedule --interval 15m --lookback 5m --only 'severity:low' export.ndjson -o out.ndjson
#[derive(Debug, Clone, clap::Args, serde::Deserialize, serde::Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SetSchedule {
    /// How often the rules run, as in `15m`.
    #[arg(long, value_name = "TIME")]
    interval: String,

    /// How far they look back beyond the interval, as in `1m`.
    #[arg(long, value_name = "TIME")]
    lookback: String,

    /// The edit, once prepared.
    #[arg(skip)]
    #[serde(skip)]
    edit: KibanaEdit,
}

impl Transform for SetSchedule {
    fn prepare(&mut self, _: &mut dyn Setup) -> Result<()> {
        let schedule = Schedule::new(&*self.interval, &*self.lookback)?;
        self.edit = Edit::SetSchedule(schedule).into();
        Ok(())
    }

    fn apply(&self, rule: &mut Record<'_>, _: &Census) -> Result<Verdict> {
        self.edit.apply(rule)
    }
}

#[cfg(test)]
mod tests {
    use crate::pipeline::Pipeline;
    use crate::transform::testing::{check, refused_settings};

    #[test]
    fn sets_interval_and_look_back_and_nothing_else() {
        check(r#"set-schedule = { interval = "1h", lookback = "30m" }"#)
            .turns(
                r#"{"rule_id":"r", "interval" :"5m","from":"now-6m", "to":"now","meta":{"from":"1m","n":1.0}}"#,
                r#"{"rule_id":"r", "interval" :"1h","from":"now-5400s", "to":"now","meta":{"from":"30m","n":1.0}}"#,
            )
            .turns(
                r#"{"rule_id":"r","meta":null}"#,
                r#"{"rule_id":"r","meta":{"from":"30m"},"interval":"1h","from":"now-5400s"}"#,
            )
            .keeps(r#"{"rule_id":"r","interval":"1\u0068","from":"now-5400s","meta":{"from":"30m"}}"#)
            .keeps(r#"{"list_id":"l","interval":"5m"}"#)
            .refuses(
                r#"{"rule_id":"r","meta":[]}"#,
                "`meta` must be an object, found an array",
            );
    }

    #[test]
    fn actions_must_not_run_more_often_than_the_rule() {
        let throttled = |by: &str| {
            format!(
                r#"{{"rule_id":"r","actions":[{{"id":"c","frequency":{{"summary":true,"notifyWhen":"onThrottleInterval","throttle":"{by}"}}}}],"interval":"1h","from":"now-3660s","meta":{{"from":"1m"}}}}"#
            )
        };
        check(r#"set-schedule = { interval = "1h", lookback = "1m" }"#)
            .keeps(&throttled("1h"))
            .refuses(
                &throttled("59m"),
                "Error updating rule with ID \"r\": the interval 1h is longer than the action frequencies",
            );
    }

    #[test]
    fn actions_that_an_earlier_step_took_away_do_not_count() {
        let text = "[[step]]\nstrip-actions = {}\n[[step]]\nset-schedule = { interval = '2h', lookback = '1m' }";
        let rule = r#"{"rule_id":"r","throttle":"1h","actions":[{"id":"c"}]}"#;
        let mut output = Vec::new();
        let pipeline = Pipeline::from_toml(text).unwrap();
        pipeline.run(rule.as_bytes(), &mut output).unwrap();
        assert_eq!(
            String::from_utf8(output).unwrap(),
            r#"{"rule_id":"r","throttle":"1h","actions":[],"interval":"2h","from":"now-7260s","meta":{"from":"1m"}}"#
        );
    }

    #[test]
    fn takes_only_what_kibana_takes() {
        for (settings, message) in [
            (
                r#"{ interval = "1d", lookback = "1m" }"#,
                "`interval` must be a number from 1 and `s`, `m` or `h`, as in `5m`, found `1d`",
            ),
            (
                r#"{ interval = "5m", lookback = "0m" }"#,
                "`lookback` must be a number from 1 and `s`, `m` or `h`, as in `5m`, found `0m`",
            ),
            (r#"{ interval = "5m" }"#, "missing field `lookback`"),
        ] {
            assert_eq!(
                refused_settings(&format!("set-schedule = {settings}")),
                message
            );
        }
    }
}
