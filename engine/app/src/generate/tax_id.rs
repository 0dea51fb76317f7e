//! 統一編號, the eight digits of a business: made valid or invalid by the Ministry of Finance's rule of April 2023.

use super::random::Random;

const WEIGHTS: [u32; 8] = [1, 2, 1, 2, 1, 2, 4, 1];

/// The sum of the digits of all products must be divisible by 5. Where the seventh digit is 7, its product 28 has the
/// digits' sum 10, which may also count as 1 and 0: then one more is divisible too.
pub(super) fn is_valid(digits: &[u32; 8]) -> bool {
    let sum: u32 = digits.iter().zip(WEIGHTS).map(|(digit, weight)| digit * weight).map(|product| product / 10 + product % 10).sum();
    let seventh_is_seven = digits.get(6) == Some(&7);
    sum.is_multiple_of(5) || (seventh_is_seven && (sum + 1).is_multiple_of(5))
}

/// A number that is valid or not, as asked.
pub(super) fn make(random: &mut Random, valid: bool) -> [u8; 8] {
    let mut digits = [0_u32; 8];
    for digit in &mut digits {
        *digit = random.below(10);
    }
    // The last weight is 1, so that one of five consecutive last digits is valid, and most are not.
    while is_valid(&digits) != valid {
        if let Some(last) = digits.last_mut() {
            *last = (*last + 1) % 10;
        }
    }
    digits.map(|digit| b'0' + digit as u8)
}
