"""Which bytes a reader accepts, and with what meaning."""

from __future__ import annotations

from typing import Final

from conformance.requirements.kinds import Component, Level, Requirement, Scope

__all__ = ["ROWS"]

ROWS: Final[tuple[Requirement, ...]] = (
    Requirement(
        "DEC-00",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "What stands inside a log entry, a status or a response is read from a buffered tree, and "
        "so is a payload that comes before its kind; all else is read directly.",
        "serde enum_internally.rs L54",
    ),
    Requirement(
        "DEC-01",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "An optional field that is missing reads as nothing.",
        "serde private/de.rs L24-61",
    ),
    Requirement(
        "DEC-02",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A missing list that has a default reads as empty.",
        "durable.rs L118-119, L862-874",
    ),
    Requirement(
        "DEC-03",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "A missing field without a default makes the whole input an error.",
        "serde derive",
    ),
    Requirement(
        "DEC-04",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Unknown fields are skipped, repeated or not; a direct position skips any well-formed "
        "value, a buffered one only what it can hold.",
        "ciborium de/mod.rs L512; serde_core ignored_any.rs L133-222",
    ),
    Requirement(
        "DEC-05",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "A known field or tag that comes twice is an error.",
        "serde derive",
    ),
    Requirement(
        "DEC-06",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Fields may come in any order, with the tag in any place.",
        "serde TaggedContentVisitor",
    ),
    Requirement(
        "DEC-07",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A struct written as an array of exact length is read in buffered positions and refused "
        "in direct ones.",
        "ciborium de/mod.rs L458-465; serde private/de.rs L1404",
    ),
    Requirement(
        "DEC-08",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Keys may be byte strings.",
        "ciborium de/mod.rs L502; serde private/de.rs L1469",
    ),
    Requirement(
        "DEC-09",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Integer keys are field numbers in buffered positions and refused in direct ones.",
        "ciborium de/mod.rs L507; serde private/de.rs L1471-1472",
    ),
    Requirement(
        "DEC-10",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Keys above 4096 bytes or of indefinite length are read in buffered positions and refused "
        "in direct ones.",
        "ciborium de/mod.rs L494, L829",
    ),
    Requirement(
        "DEC-11",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A byte string of valid UTF-8 is read as text in buffered positions and refused in direct "
        "ones.",
        "ciborium de/mod.rs L341-360; serde private/de.rs L1255",
    ),
    Requirement(
        "DEC-12",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "CBOR tags before a value are stepped over in direct positions, unless they stand before "
        "an optional null, and refused in buffered ones.",
        "ciborium de/mod.rs L178-181; serde private/de.rs L504-509",
    ),
    Requirement(
        "DEC-13",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A big number that fits is read as an integer in direct positions and refused in buffered "
        "ones.",
        "ciborium de/mod.rs L74-118, L165-175",
    ),
    Requirement(
        "DEC-14",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Heads that are longer than needed are read all the same.",
        "ciborium-ll hdr.rs",
    ),
    Requirement(
        "DEC-15",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "A negative number where an unsigned one belongs is an error.",
        "ciborium de/mod.rs L275-285",
    ),
    Requirement(
        "DEC-16",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Floats, texts, booleans and null are never read as integers.",
        "ciborium de/mod.rs",
    ),
    Requirement(
        "DEC-17",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "The undefined value means nothing for an optional field and is an error elsewhere.",
        "ciborium de/mod.rs L519-529",
    ),
    Requirement(
        "DEC-18",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Maps, arrays and text values of indefinite length are read, provided that every text "
        "chunk is valid UTF-8 by itself.",
        "ciborium-ll seg.rs",
    ),
    Requirement(
        "DEC-19",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A byte string in place of a list is a list of its bytes in direct positions and refused "
        "in buffered ones.",
        "ciborium de/mod.rs L427-436",
    ),
    Requirement(
        "DEC-20",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A plain enum name may be the key of a map with one empty map, and then also a variant "
        "number.",
        "serde private/de.rs L1420, L1925",
    ),
    Requirement(
        "DEC-21",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "An enum with content may be keyed by variant number or byte string, with exactly one key.",
        "serde private/de.rs L1420",
    ),
    Requirement(
        "DEC-21a",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "An internal tag is read from a definite text of up to 4096 bytes or a byte string, and "
        "from a variant number only where the whole artifact is buffered.",
        "ciborium de/mod.rs L484-510; serde private/de.rs L1462-1474",
    ),
    Requirement(
        "DEC-22",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A payload kind written as a map of one name without a value is read, although it is not "
        "well-formed CBOR.",
        "ciborium de/mod.rs L583-595, L696",
    ),
    Requirement(
        "DEC-23",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "The two-byte forms of false and true are read.",
        "ciborium-ll hdr.rs L110",
    ),
    Requirement(
        "DEC-24",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "A duration refuses unknown or missing parts and carries surplus nanoseconds into its "
        "seconds unless they overflow.",
        "serde_core de/impls.rs L2129",
    ),
    Requirement(
        "DEC-25",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Status and response of an outcome are read apart, so that any pair of them is kept.",
        "core_types.rs",
    ),
    Requirement(
        "DEC-26",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Bytes behind the first item are ignored.",
        "ciborium de/mod.rs L825-850",
    ),
    Requirement(
        "DEC-27",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Input above 67,108,864 bytes is refused with an error that names both sizes, and input "
        "of exactly that size is read.",
        "durable.rs L19-33",
    ),
    Requirement(
        "DEC-28",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Input that opens more than 256 containers inside each other is refused without harm to "
        "the reader.",
        "ciborium de/mod.rs; measured",
    ),
    Requirement(
        "DEC-29",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Whatever the bytes are, a reader answers with an artifact or the declared error and with "
        "no other exception, and what is not well-formed it refuses.",
        "durable.rs L22-33, L980-989",
    ),
    Requirement(
        "DEC-29.text",
        Level.SHOULD,
        Scope.PURE,
        Component.CODEC,
        "Every decode error starts with the words `decode persisted durability artifact` and goes "
        "on with the cause.",
        "durable.rs L22-33",
    ),
    Requirement(
        "DEC-30",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Nothing that stops before the end of a canonical encoding is read.",
        "ciborium de/mod.rs",
    ),
    Requirement(
        "DEC-31",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "The schema version is checked after the whole input was read, and an unknown one is "
        "named in the error.",
        "durable.rs L980-989",
    ),
    Requirement(
        "DEC-32",
        Level.MUST,
        Scope.PURE,
        Component.CODEC,
        "Writers emit the canonical form only, and a strict reader accepts nothing that it would "
        "not write the same way.",
        "durable.rs L22-42",
    ),
)
