//! Sending a delivery on to the next stage, under the credit it came with.

use super::Sender;
use crate::delivery::Delivery;
#[cfg(feature = "std")]
use crate::error::SendError;
use crate::error::TrySendError;
use crate::flavour::{Flavour, Kind, Many, ManySenders, One};
use crate::future::SendFuture;

/// The same for the only sender and for one of many: `borrow` is what sending takes.
macro_rules! forwarding {
    ($side:ident: $bound:ident, $($borrow:tt)+) => {
        /// Operations of senders that lead to a later stage: its messages are deliveries of an earlier,
        /// [acknowledged](crate::delivery) channel.
        ///
        /// The earlier channel's credit goes along, and comes back when the last stage drops the delivery: however
        /// many stages lie between, no more is under way than the first capacity. See
        /// [pipelines](crate::docs::modes::pipelines).
        impl<U, C, M> Sender<Delivery<U>, Kind<$side, C, M>>
        where
            Kind<$side, C, M>: $bound,
        {
            /// Makes the next stage's message of a delivery and sends it under the same credit, blocking the
            /// thread while this channel has none. A delivery that needs no change can be
            /// [sent](Self::send) as it is.
            ///
            /// If `f` panics, the credit comes back, and nothing is sent.
            ///
            /// # Errors
            /// [`SendError`] with the new delivery when this channel is closed. Dropping it gives the
            /// credit back to the first channel.
            ///
            /// # Examples
            /// ```
            /// use backpressure::{Delivery, TrySendError, mpsc};
            ///
            /// let (tx, mut rx) = mpsc::builder().capacity(1).acknowledged().build()?;
            /// let (to_sink, mut sink) = mpsc::bounded::<Delivery<usize>>(100);
            /// tx.try_send("three")?;
            /// to_sink.forward(rx.recv()?, str::len)?;
            /// // Received, and on its way to the sink: the credit is not back.
            /// assert_eq!(tx.try_send("four"), Err(TrySendError::Full("four")));
            /// assert_eq!(*sink.recv()?, 5); // dropped at once, which acknowledges it
            /// tx.try_send("four")?;
            /// # Ok::<(), Box<dyn std::error::Error>>(())
            /// ```
            #[cfg(feature = "std")]
            pub fn forward<T>(
                $($borrow)+ self,
                delivery: Delivery<T>,
                f: impl FnOnce(T) -> U,
            ) -> Result<(), SendError<Delivery<U>>> {
                self.send(delivery.map(f))
            }

            /// The same without waiting.
            ///
            /// # Errors
            /// [`TrySendError`] with the new delivery when every credit of this channel is out, or it is
            /// closed.
            pub fn try_forward<T>(
                $($borrow)+ self,
                delivery: Delivery<T>,
                f: impl FnOnce(T) -> U,
            ) -> Result<(), TrySendError<Delivery<U>>> {
                self.try_send(delivery.map(f))
            }

            /// The same, waiting as a task.
            ///
            /// # Errors
            /// As `forward`.
            ///
            /// # Cancel safety
            /// The delivery stays in the future until it is accepted. A future dropped while pending drops it,
            /// which acknowledges it; [`SendFuture::into_inner`] gives it back instead.
            pub fn forward_async<T>(
                $($borrow)+ self,
                delivery: Delivery<T>,
                f: impl FnOnce(T) -> U,
            ) -> SendFuture<'_, Delivery<U>, Kind<$side, C, M>> {
                self.send_async(delivery.map(f))
            }
        }
    };
}
forwarding!(One: Flavour, &mut);
forwarding!(Many: ManySenders, &);
