//! May it be done? A question on stderr, the answer from the terminal.

use std::io::{BufRead, IsTerminal, Write};

use ruleferry::error::{Error, Result};

use super::exit::Exit;
use super::notes::write_text;

/// Whether the user wants what the question says, as in "Delete 12 rules of space `soc`?". With `yes` nobody is asked.
///
/// Fails where nobody can be asked: a question needs a terminal to be read on, and one to be answered from.
pub(crate) fn ask(question: &str, yes: bool) -> Result<bool> {
    if yes {
        return Ok(true);
    }
    let (stdin, stderr) = (std::io::stdin(), std::io::stderr());
    if !stdin.is_terminal() || !stderr.is_terminal() {
        return Err(Error::usage(format!(
            "`--yes` is needed where there is no terminal to ask on: {question}"
        )));
    }
    answer(question, stdin.lock(), stderr.lock())
}

/// How a run ends whose question was answered with no.
pub(crate) fn declined() -> Exit {
    write_text("nothing is changed");
    Exit::Failed
}

/// Asks until the answer is yes or no; an empty one, and the end of the input, are no.
fn answer(question: &str, mut input: impl BufRead, mut output: impl Write) -> Result<bool> {
    let asking = |source| Error::io("asking on the terminal", source);
    loop {
        write!(output, "{question} [y/N] ")
            .and_then(|()| output.flush())
            .map_err(asking)?;
        let mut line = String::new();
        if input.read_line(&mut line).map_err(asking)? == 0 {
            // The prompt has no line end of its own.
            writeln!(output).map_err(asking)?;
            return Ok(false);
        }
        match line.trim().to_lowercase().as_str() {
            "y" | "yes" => return Ok(true),
            "" | "n" | "no" => return Ok(false),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_yes_is_yes() {
        for (typed, expected, asked) in [
            ("y\n", true, 1),
            (" YES \r\n", true, 1),
            ("\n", false, 1),
            ("n\n", false, 1),
            ("No\n", false, 1),
            ("", false, 1),
            ("sure\ny\n", true, 2),
            ("all", false, 2),
        ] {
            let mut output = Vec::new();
            let answer = answer("Do it?", typed.as_bytes(), &mut output).unwrap();
            let output = String::from_utf8(output).unwrap();
            assert_eq!(answer, expected, "{typed:?}");
            assert_eq!(output.matches("Do it? [y/N] ").count(), asked, "{typed:?}");
        }
    }

    #[test]
    fn nobody_is_asked_who_said_yes() {
        assert!(ask("Do it?", true).unwrap());
    }
}
