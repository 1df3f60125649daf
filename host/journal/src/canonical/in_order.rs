//! Writes JSON in one pass with the members of every object in order, whatever order they come in: the canonical form of nearly everything of ours.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::ser::{CharEscape, CompactFormatter, Formatter, Serializer};

use super::is_canonical;

/// Most records are shorter, have fewer members on the way to any of theirs, and are nested less: room made once is cheaper than room that grows.
const ROOM: usize = 1_024;
const MEMBERS: usize = 32;
const NESTED: usize = 8;

/// Integers up to this are exact in a double, and canonical as they stand.
const EXACT: u64 = 1 << 53;

/// The canonical form; none when it takes more than order: fractions, larger integers, and names that are not plain ASCII, whose order is that of UTF-16.
///
/// # Errors
/// When the value cannot be written as JSON.
pub(super) fn write(value: &impl Serialize) -> Result<Option<Vec<u8>>, serde_json::Error> {
    let (out, ordered) = (Vec::with_capacity(ROOM), Vec::with_capacity(ROOM));
    let mut in_order = InOrder { out, ordered, members: Vec::with_capacity(MEMBERS), objects: Vec::with_capacity(NESTED), beyond: false };
    value.serialize(&mut Serializer::with_formatter(io::sink(), &mut in_order))?;
    Ok((!in_order.beyond).then_some(in_order.out))
}

/// Keeps what it writes to itself: an object that has come to its end may have to be put in order.
struct InOrder {
    out: Vec<u8>,
    /// The members so far of the objects that are not at their end yet, the innermost object's last.
    members: Vec<Member>,
    /// Where among them each of these objects begins.
    objects: Vec<usize>,
    /// An object's members on their way to their order.
    ordered: Vec<u8>,
    beyond: bool,
}

/// Where a member stands in what is written.
#[derive(Clone, Copy)]
struct Member {
    start: usize,
    name_end: usize,
    end: usize,
}

impl Member {
    /// Without its quotes.
    fn name<'a>(&self, written: &'a [u8]) -> &'a [u8] {
        written.get(self.start + 1..self.name_end.saturating_sub(1)).unwrap_or_default()
    }
}

impl InOrder {
    fn put_in_order(&mut self, first: usize) {
        let Self { out, members, ordered, .. } = self;
        let members = &mut members[first..];
        if members.is_sorted_by_key(|member| member.name(out)) {
            return;
        }
        let start = members[0].start;
        members.sort_unstable_by(|one, other| one.name(out).cmp(other.name(out)));
        ordered.clear();
        for member in members {
            ordered.extend_from_slice(&out[member.start..member.end]);
            ordered.push(b',');
        }
        ordered.pop();
        out.truncate(start);
        out.extend_from_slice(ordered);
    }
}

/// What needs no thought.
macro_rules! as_it_is {
    ($($name:ident($($value:ident: $type:ty)?))*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, _: &mut W $(, $value: $type)?) -> io::Result<()> {
            CompactFormatter.$name(&mut self.out $(, $value)?)
        })*
    };
}

/// What the library for the canonical form has to look at.
macro_rules! beyond {
    ($($name:ident($type:ty))*) => {
        $(fn $name<W: ?Sized + Write>(&mut self, _: &mut W, _: $type) -> io::Result<()> {
            self.beyond = true;
            Ok(())
        })*
    };
}

impl Formatter for &mut InOrder {
    as_it_is! {
        write_null() write_bool(value: bool)
        write_i8(value: i8) write_i16(value: i16) write_i32(value: i32) write_u8(value: u8) write_u16(value: u16) write_u32(value: u32)
        begin_string() end_string() write_string_fragment(fragment: &str) write_char_escape(escape: CharEscape)
        begin_array() end_array() begin_array_value(first: bool) end_array_value() begin_object_value()
    }

    beyond! { write_i128(i128) write_u128(u128) write_f32(f32) write_f64(f64) write_number_str(&str) }

    fn write_raw_fragment<W: ?Sized + Write>(&mut self, _: &mut W, json: &str) -> io::Result<()> {
        self.beyond |= !is_canonical(json.as_bytes());
        self.out.extend_from_slice(json.as_bytes());
        Ok(())
    }

    fn write_i64<W: ?Sized + Write>(&mut self, _: &mut W, value: i64) -> io::Result<()> {
        self.beyond |= value.unsigned_abs() > EXACT;
        CompactFormatter.write_i64(&mut self.out, value)
    }

    fn write_u64<W: ?Sized + Write>(&mut self, _: &mut W, value: u64) -> io::Result<()> {
        self.beyond |= value > EXACT;
        CompactFormatter.write_u64(&mut self.out, value)
    }

    fn begin_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        self.objects.push(self.members.len());
        CompactFormatter.begin_object(&mut self.out)
    }

    fn begin_object_key<W: ?Sized + Write>(&mut self, _: &mut W, first: bool) -> io::Result<()> {
        CompactFormatter.begin_object_key(&mut self.out, first)?;
        let start = self.out.len();
        self.members.push(Member { start, name_end: start, end: start });
        Ok(())
    }

    fn end_object_key<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.out.len();
        if let Some(member) = self.members.last_mut() {
            member.name_end = end;
            self.beyond |= self.out[member.start..].iter().any(|byte| !byte.is_ascii() || *byte == b'\\');
        }
        Ok(())
    }

    fn end_object_value<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let end = self.out.len();
        if let Some(member) = self.members.last_mut() {
            member.end = end;
        }
        Ok(())
    }

    fn end_object<W: ?Sized + Write>(&mut self, _: &mut W) -> io::Result<()> {
        let first = self.objects.pop().unwrap_or_default();
        self.put_in_order(first);
        self.members.truncate(first);
        CompactFormatter.end_object(&mut self.out)
    }
}
