//! Runs the program of an invariant, with three-valued logic: an empty result of FHIRPath violates nothing.

use crate::fhir::definitions::layout::InvariantRow;
use crate::fhir::definitions::layout::op;
use crate::fhir::definitions::tables::Tables;

/// The presence and fact bits of an object.
pub(crate) struct Seen {
    /// Elements with a value or a twin.
    pub(crate) there: u64,
    /// Elements with a value.
    pub(crate) valued: u64,
    /// Fact bits.
    pub(crate) facts: u64,
}

/// The size of the stack; no compiled program needs more.
const STACK: usize = 24;

/// Returns whether the object certainly violates the invariant.
#[inline]
pub(crate) fn breaks(tables: &Tables, invariant: &InvariantRow, seen: &Seen) -> bool {
    let start = invariant.at as usize;
    let program = tables.programs.get(start..start + usize::from(invariant.length)).unwrap_or_default();
    run(program, seen) == Some(false)
}

fn run(program: &[u8], seen: &Seen) -> Option<bool> {
    let mut stack = [None; STACK];
    let mut top = 0_usize;
    let mut rest = program;
    while let Some((step, after)) = rest.split_first() {
        rest = after;
        let value = match *step {
            op::PRESENT => Some(seen.there & mask(&mut rest)? != 0),
            op::VALUE => Some(seen.valued >> (byte(&mut rest)? & 63) & 1 == 1),
            op::FACT => {
                let (bit, gate) = (byte(&mut rest)?, byte(&mut rest)?);
                let known = gate == u8::MAX || seen.valued >> (gate & 63) & 1 == 1;
                known.then_some(seen.facts >> (bit & 63) & 1 == 1)
            }
            op::COUNT => {
                let mask = mask(&mut rest)?;
                let (sign, number) = (byte(&mut rest)?, u32::from(byte(&mut rest)?));
                let count = (seen.there & mask).count_ones();
                Some(match sign {
                    b'<' => count < number,
                    b'>' => count > number,
                    _ => count == number,
                })
            }
            op::NOT => {
                top = top.checked_sub(1)?;
                stack.get(top).copied().flatten().map(|value: bool| !value)
            }
            two => {
                top = top.checked_sub(2)?;
                let (a, b) = (stack.get(top).copied().flatten(), stack.get(top + 1).copied().flatten());
                match two {
                    op::AND => and(a, b),
                    op::OR => and(a.map(|a| !a), b.map(|b| !b)).map(|both| !both),
                    op::XOR => Some(a? != b?),
                    op::IMPLIES => and(a, b.map(|b| !b)).map(|broken| !broken),
                    _ => return None,
                }
            }
        };
        *stack.get_mut(top)? = value;
        top += 1;
    }
    stack.get(top.checked_sub(1)?).copied().flatten()
}

/// Returns false if either is false, true if both are true, else unknown.
fn and(a: Option<bool>, b: Option<bool>) -> Option<bool> {
    match (a, b) {
        (Some(false), _) | (_, Some(false)) => Some(false),
        (Some(true), Some(true)) => Some(true),
        _ => None,
    }
}

fn byte(rest: &mut &[u8]) -> Option<u8> {
    let (first, after) = rest.split_first()?;
    *rest = after;
    Some(*first)
}

fn mask(rest: &mut &[u8]) -> Option<u64> {
    let (first, after) = rest.split_first_chunk::<8>()?;
    *rest = after;
    Some(u64::from_le_bytes(*first))
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::indexing_slicing, clippy::panic)]
mod tests {
    use super::*;

    #[test]
    fn unknown_violates_nothing() {
        // type = 'x' or present(1)
        let program = [op::FACT, 0, 5, op::PRESENT, 2, 0, 0, 0, 0, 0, 0, 0, op::OR];
        let run = |there, valued, facts| run(&program, &Seen { there, valued, facts });
        assert_eq!(run(0, 0, 0), None);
        assert_eq!(run(0, 1 << 5, 0), Some(false));
        assert_eq!(run(0, 1 << 5, 1), Some(true));
        assert_eq!(run(2, 0, 0), Some(true));
    }

    #[test]
    fn implications_and_counts() {
        let program = [op::PRESENT, 1, 0, 0, 0, 0, 0, 0, 0, op::COUNT, 6, 0, 0, 0, 0, 0, 0, 0, b'>', 1, op::IMPLIES];
        let run = |there| run(&program, &Seen { there, valued: 0, facts: 0 });
        assert_eq!([run(0), run(1), run(3), run(7)], [Some(true), Some(false), Some(false), Some(true)]);
        for broken in [&[op::NOT][..], &[op::AND], &[op::PRESENT, 1], &[99]] {
            assert_eq!(super::run(broken, &Seen { there: 0, valued: 0, facts: 0 }), None);
        }
    }
}
