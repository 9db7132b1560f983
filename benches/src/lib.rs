//! Everything is in `benches/`.
