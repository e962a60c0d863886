//! A record as it is written: fields and their texts.

use super::Fault;
use super::lines::LINE_BYTES_MAX;
use super::place::beginning;

/// The longest record that is read.
pub(super) const RECORD_BYTES_MAX: usize = 1024 * 1024;

/// The fields of a record, in their order.
#[derive(Debug, Default)]
pub(super) struct Paragraph {
    fields: Vec<Field>,
    bytes: usize,
}

/// A field of a record.
#[derive(Debug)]
pub(super) struct Field {
    name: String,
    /// Its text, the lines that continue it without their first blank.
    pub(super) text: String,
    /// The line it begins on.
    pub(super) line: u64,
}

impl Paragraph {
    /// Takes the next line, which is not blank.
    pub(super) fn push(&mut self, line: &[u8], number: u64) -> Result<(), Fault> {
        if line.len() > LINE_BYTES_MAX {
            return Err(Fault::LongLine);
        }
        self.bytes += line.len();
        if self.bytes > RECORD_BYTES_MAX {
            return Err(Fault::LongRecord);
        }
        let line =
            std::str::from_utf8(line).map_err(|error| Fault::NotText(error.valid_up_to() + 1))?;
        if let Some(more) = line.strip_prefix([' ', '\t']) {
            let field = self.fields.last_mut().ok_or(Fault::NothingToContinue)?;
            field.text.push('\n');
            field.text.push_str(more.trim_end());
            return Ok(());
        }
        let (name, text) = line
            .split_once(':')
            .filter(|(name, _)| is_name(name))
            .ok_or_else(|| Fault::NotField(beginning(line)))?;
        if self.field(name).is_some() {
            return Err(Fault::Repeated(beginning(name)));
        }
        let (name, text) = (name.to_owned(), text.trim().to_owned());
        self.fields.push(Field { name, text, line: number });
        Ok(())
    }

    /// Returns a field by its name, in any case of letters.
    pub(super) fn field(&self, name: &str) -> Option<&Field> {
        self.fields.iter().find(|field| field.name.eq_ignore_ascii_case(name))
    }
}

impl Field {
    /// Returns its text in one line, or `None` if it is empty.
    pub(super) fn in_one_line(&self) -> Option<String> {
        let words: Vec<&str> = self.text.split_ascii_whitespace().collect();
        (!words.is_empty()).then(|| words.join(" "))
    }

    /// Returns its text with the intended line breaks: a line with only a full stop is a blank one.
    pub(super) fn in_lines(&self) -> Option<String> {
        let lines: Vec<&str> =
            self.text.lines().map(|line| if line == "." { "" } else { line }).collect();
        let text = lines.join("\n");
        (!text.trim().is_empty()).then_some(text)
    }
}

/// Tells whether a text can be the name of a field, according to the policy of Debian.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['#', '-'])
        && text.bytes().all(|byte| byte.is_ascii_graphic())
}
