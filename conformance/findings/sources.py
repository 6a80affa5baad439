"""Where the specification's sources do what a finding is about."""

from __future__ import annotations

from typing import Final

__all__ = ["SOURCES"]

SOURCES: Final = {
    "F1": "durable.rs 272-276",
    "F2": "durable.rs 148-182, 685-758",
    "F3": "durable.rs 685-705",
    "F4": "durable.rs 148-182, 732-758",
    "F5": "durable.rs 707-758, 1208-1219",
    "F6": "durable.rs 1107, 1163-1195",
    "F7": "durable.rs 1185-1190",
    "F8": "durable.rs 188-194, 1110-1111",
    "F9": "durable.rs 26-31, 1013-1031",
    "F10": "durable.rs 1022-1031",
    "F11": "durable.rs 552-563",
    "F12": "durable.rs 539-563",
    "F13": "durable.rs 572-617, 764-851",
    "F14": "durable.rs 732-747",
    "F15": "durable.rs 707-747",
    "F16": "durable.rs 202-229",
    "F17": "durable.rs 32",
    "F18": "durable.rs 98-102, 301-312",
    "F19": "durable.rs 272-276, 315-319",
    "F20": "durable.rs 780-796",
    "F21": "durable.rs 539-543",
    "F22": "durable.rs 534-563",
    "F23": "durable.rs 35-42",
    "F24": "durable.rs 980-989",
    "F25": "durable.rs 1179-1184",
    "F26": "durable.rs 302",
    "F27": "durable.rs 315-319",
    "F28": "simulator durability.rs 115-176",
    "F29": "durable.rs 552-568",
    "F30": "durable.rs 692-758",
    "F31": "effect/core_types.rs 1032-1175",
    "F32": "simulator durability.rs 431-507",
    "F33": "the formal model's clauses, against durable.rs 890-908",
    "F34": "the formal model's steps, against durable.rs 202-229",
    "F35": "durable.rs 707-731",
    "F36": "durable.rs 707-731",
    "F37": "durable.rs 1114-1118, 1197-1207",
    "F38": "durable.rs 1106",
    "F39": "simulator runner.rs 1174-1232",
    "F40": "durable.rs 22-42",
    "F41": "durable.rs 26-32, 999",
    "F42": "serde 1.0.228 private/de.rs 1404-1472",
    "F43": "serde 1.0.228 private/de.rs 1404-1472",
    "F44": "semantic_objects.rs 1984",
    "F45": "simulator durability.rs 342-424",
    "F46": "durable.rs 674-677, 779",
}
"""File and lines by finding; lines of durable.rs are those of version 17.0.0."""
