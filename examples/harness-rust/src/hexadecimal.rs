//! Bytes as lowercase hexadecimal text, the form that they have in a message.

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// Write `bytes` as text.
pub fn encode(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// Read `text`, or say what is wrong with it.
pub fn decode(text: &str) -> Result<Vec<u8>, String> {
    let pairs = text.as_bytes().chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(format!("an odd number of digits: {}", text.len()));
    }
    pairs
        .map(|pair| Ok(digit(pair[0])? << 4 | digit(pair[1])?))
        .collect()
}

fn digit(character: u8) -> Result<u8, String> {
    match character {
        b'0'..=b'9' => Ok(character - b'0'),
        b'a'..=b'f' => Ok(character - b'a' + 10),
        _ => Err(format!("not a hexadecimal digit: byte {character:#04x}")),
    }
}

#[cfg(test)]
mod tests {
    use super::{decode, encode};

    #[test]
    fn every_byte_survives_the_way_to_text_and_back() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(decode(&encode(&bytes)), Ok(bytes));
    }

    #[test]
    fn text_that_is_not_lowercase_hexadecimal_is_named() {
        assert!(decode("0").is_err());
        assert!(decode("0G").is_err());
        assert!(decode("AB").is_err());
    }
}
