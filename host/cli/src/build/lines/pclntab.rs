//! Reads where Go code comes from. Go writes no debug information into WebAssembly; but what a procedure tells its own lines by when it panics is among its
//! data, laid out the same way since Go 1.20.
//!
//! A Go function is cut into blocks, one behind each call, and knows the lines of its blocks. Before a call the code leaves the block to return to. So the line
//! of every call is known, and what is computed between two calls is taken for the first of them.

use lockstep_api::lines::Frame;
use wasmparser::{DataKind, Operator, Parser, Payload};

use super::{Instruction, own};

/// How the table begins: its version, nothing, instructions of one byte, addresses of eight.
const MAGIC: [u8; 8] = [0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8];

// Where something stands in the table's header.
/// How many functions there are.
const COUNT: usize = 8;
/// Where the functions' names begin.
const NAMES: usize = 32;
/// Where the units of compilation begin: which files each has.
const UNITS: usize = 40;
/// Where the files' names begin.
const FILES: usize = 48;
/// Where begins what is told by block.
const BY_BLOCK: usize = 56;
/// Where the list of the functions begins.
const FUNCTIONS: usize = 64;

// Where something stands in a function.
/// Its name.
const NAME: usize = 4;
/// Its files, by block.
const FILE: usize = 20;
/// Its lines, by block.
const LINE: usize = 24;
/// How many more tables by block it has.
const TABLES: usize = 28;
/// Its unit of compilation.
const UNIT: usize = 32;
/// How much other data it has.
const OTHERS: usize = 43;
/// Those tables, and behind them the other data.
const MORE: usize = 44;

/// Which table says by block in which call it is of those that the compiler has replaced by the function called.
const INLINED_BY_BLOCK: u32 = 2;
/// Which of the other data are those calls.
const INLINED: u32 = 3;
/// Where the name of the function called stands in a call.
const CALL_NAME: usize = 4;
/// Where the block of the call stands in it.
const CALL_BLOCK: usize = 8;
/// How long a call is.
const CALL: usize = 16;

/// What the code calls its first function; above 16 bits for the block.
const FIRST: i64 = 0x1000;

/// A list of where things are begins with where this table is. Among its first words is where the calls of all functions are.
const WORDS: usize = 80;

/// More data than that is not looked through.
const LARGEST: usize = 256 << 20;

/// More calls than that are not in one another.
const DEEPEST: usize = 32;

/// What a Go module knows of its own code.
pub(super) struct Pclntab<'a> {
    memory: Vec<u8>,
    start: usize,
    /// Where the calls of all functions begin that the compiler has replaced.
    inlined: Option<usize>,
    /// The project's folder, as the compiler calls it.
    root: &'a str,
    /// The function of the instruction before, and its places.
    before: (Option<usize>, Vec<Frame>),
}

impl<'a> Pclntab<'a> {
    /// Finds it in a module's memory; none when it is not there, or of another version. `root` is what the compiler calls the project's folder.
    pub(super) fn read(module: &[u8], root: &'a str) -> Option<Self> {
        let mut table = Self { memory: memory(module)?, start: 0, inlined: None, root, before: (None, Vec::new()) };
        let candidates = table.memory.windows(MAGIC.len()).enumerate().filter(|(_, bytes)| *bytes == MAGIC).map(|(at, _)| at);
        let mut lists = candidates.filter_map(|start| Some((start, table.list(start)?)));
        let (start, list) = lists.next()?;
        table.start = start;
        let mut words = (0..WORDS).filter_map(|nth| usize::try_from(table.word(list + nth * 8)?).ok());
        table.inlined = words.find(|at| table.are_calls(*at));
        Some(table)
    }

    /// The places of an instruction in the project's sources. Instructions come in the order in which they are in the code.
    pub(super) fn places(&mut self, instruction: &Instruction<'_>) -> Vec<Frame> {
        let function = instruction.function;
        let block = match instruction.operator {
            // The call is in the block before the one to return to.
            Operator::I64Const { value } if value >> 16 == FIRST + function as i64 => Some((value & 0xffff).saturating_sub(1) as u32),
            _ if self.before.0 == Some(function) => None,
            _ => Some(0),
        };
        if let Some(block) = block {
            self.before = (Some(function), self.frames(function, block).unwrap_or_default());
        }
        self.before.1.clone()
    }

    fn frames(&self, function: usize, mut block: u32) -> Option<Vec<Frame>> {
        let (function, mut frames) = (self.function(function)?, Vec::new());
        for _ in 0..DEEPEST {
            let call = self.table(function, INLINED_BY_BLOCK).and_then(|table| u32::try_from(self.by_block(table, block)?).ok());
            let at = call.and_then(|call| Some(self.calls(function, self.inlined?)? + call as usize * CALL));
            let file = self.file(function, self.by_block(self.half(function + FILE)?, block)?);
            let line = u32::try_from(self.by_block(self.half(function + LINE)?, block)?).ok()?;
            let name = self.text(NAMES, self.half(at.map_or(function + NAME, |at| at + CALL_NAME))?);
            if let Some(file) = file.and_then(|file| own(file.strip_prefix(self.root)?.strip_prefix('/')?)) {
                frames.push(Frame { file: file.to_owned(), line, function: name.filter(|_| at.is_some() == call.is_some()).unwrap_or_default().to_owned() });
            }
            let Some(at) = at else { break };
            block = self.half(at + CALL_BLOCK)?;
        }
        Some(frames)
    }

    /// Where the function is that comes at this place in the code.
    fn function(&self, nth: usize) -> Option<usize> {
        let functions = self.section(FUNCTIONS)?;
        (nth < self.count()?).then_some(functions + self.half(functions + nth * 8 + 4)? as usize)
    }

    fn count(&self) -> Option<usize> {
        usize::try_from(self.word(self.start + COUNT)?).ok()
    }

    /// One of a function's further tables by block.
    fn table(&self, function: usize, nth: u32) -> Option<u32> {
        (nth < self.half(function + TABLES)?).then(|| self.half(function + MORE + nth as usize * 4)).flatten()
    }

    /// Where the calls of a function begin that the compiler has replaced.
    fn calls(&self, function: usize, base: usize) -> Option<usize> {
        let others = function + MORE + self.half(function + TABLES)? as usize * 4;
        let offset = (INLINED < u32::from(*self.memory.get(function + OTHERS)?)).then(|| self.half(others + INLINED as usize * 4)).flatten()?;
        (offset != u32::MAX).then_some(base + offset as usize)
    }

    /// What a table says of a block. It has pairs of differences: to the value before, and to the block before, up to which it counts.
    fn by_block(&self, table: u32, block: u32) -> Option<i64> {
        let mut rest = self.memory.get(self.section(BY_BLOCK)? + table as usize..).filter(|_| table > 0)?;
        let (mut value, mut end, mut first) = (-1_i64, 0_u64, true);
        loop {
            let difference = take(&mut rest)?;
            if difference == 0 && !first {
                return None;
            }
            value += if difference & 1 == 1 { !(i64::from(difference >> 1)) } else { i64::from(difference >> 1) };
            end += u64::from(take(&mut rest)?);
            if u64::from(block) < end {
                return Some(value);
            }
            first = false;
        }
    }

    fn file(&self, function: usize, nth: i64) -> Option<&str> {
        let nth = self.half(function + UNIT)? as usize + usize::try_from(nth).ok()?;
        self.text(FILES, self.half(self.section(UNITS)? + nth * 4)?)
    }

    /// The text that begins there in a section, and ends with a zero.
    fn text(&self, section: usize, offset: u32) -> Option<&str> {
        let rest = self.memory.get(self.section(section)? + offset as usize..)?;
        std::str::from_utf8(rest.split(|byte| *byte == 0).next()?).ok()
    }

    /// Whether the calls that the compiler has replaced begin there: then each function that has some has one there that can be one.
    fn are_calls(&self, base: usize) -> bool {
        let functions = (0..self.count().unwrap_or(0)).filter_map(|nth| self.function(nth));
        let mut calls = functions.filter_map(|function| self.calls(function, base)).peekable();
        calls.peek().is_some() && calls.all(|call| self.is_call(call).unwrap_or(false))
    }

    /// A number of less than 256, the name of a function, and a block.
    fn is_call(&self, at: usize) -> Option<bool> {
        let (number, name, block) = (self.half(at)?, self.half(at + CALL_NAME)?, self.half(at + CALL_BLOCK)?);
        let before = self.memory.get((self.section(NAMES)? + name as usize).checked_sub(1)?)?;
        Some(number < 256 && block < 1 << 16 && *before == 0 && !self.text(NAMES, name)?.is_empty())
    }

    /// The list of where things are that names the table at `start`.
    fn list(&self, start: usize) -> Option<usize> {
        let names = start as u64 + self.word(start + NAMES)?;
        let wanted = [(start as u64).to_le_bytes(), names.to_le_bytes()].concat();
        self.memory.windows(wanted.len()).position(|bytes| bytes == wanted)
    }

    fn section(&self, which: usize) -> Option<usize> {
        Some(self.start + usize::try_from(self.word(self.start + which)?).ok()?)
    }

    fn half(&self, at: usize) -> Option<u32> {
        Some(u32::from_le_bytes(self.memory.get(at..at + 4)?.try_into().ok()?))
    }

    fn word(&self, at: usize) -> Option<u64> {
        Some(u64::from_le_bytes(self.memory.get(at..at + 8)?.try_into().ok()?))
    }
}

/// What a module's memory has in it when it begins.
fn memory(module: &[u8]) -> Option<Vec<u8>> {
    let mut memory = Vec::new();
    for payload in Parser::new(0).parse_all(module) {
        let Ok(Payload::DataSection(segments)) = payload else { continue };
        for segment in segments.into_iter().flatten() {
            let DataKind::Active { memory_index: 0, offset_expr } = segment.kind else { continue };
            let Ok(Operator::I32Const { value }) = offset_expr.get_operators_reader().read() else { continue };
            let start = value as u32 as usize;
            let end = start.checked_add(segment.data.len()).filter(|end| *end <= LARGEST)?;
            memory.resize(memory.len().max(end), 0);
            memory[start..end].copy_from_slice(segment.data);
        }
    }
    Some(memory)
}

/// A number of at most 32 bits, seven a byte, the lowest first.
fn take(bytes: &mut &[u8]) -> Option<u32> {
    let mut number = 0_u32;
    for shift in (0..u32::BITS).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        number |= u32::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}
