//! The pages that are not about one item.

#[doc = include_str!("guide.md")]
pub mod guide {}

#[doc = include_str!("credits.md")]
pub mod credits {}

#[doc = include_str!("modes.md")]
pub mod modes {
    #[doc = include_str!("modes/on_receive.md")]
    pub mod on_receive {}

    #[doc = include_str!("modes/acknowledged.md")]
    pub mod acknowledged {}

    #[doc = include_str!("modes/pulled.md")]
    pub mod pulled {}

    #[doc = include_str!("modes/weighted.md")]
    pub mod weighted {}

    #[doc = include_str!("modes/pipelines.md")]
    pub mod pipelines {}

    #[doc = include_str!("modes/shutdown.md")]
    pub mod shutdown {}
}

#[doc = include_str!("pressure.md")]
pub mod pressure {}

#[doc = include_str!("comparison.md")]
pub mod comparison {}

#[doc = include_str!("guarantees.md")]
pub mod guarantees {}

#[doc = include_str!("memory_model.md")]
pub mod memory_model {}

#[doc = include_str!("verification.md")]
pub mod verification {}

#[doc = include_str!("performance.md")]
pub mod performance {}
