//! One `impl` for each thing a handle can do, written as an expression.

/// A contestant: its name, its two handles, and how they are made.
macro_rules! contestant {
    ($(#[$doc:meta])* $Name:ident, $name:literal, $Tx:ty, $Rx:ty, |$capacity:ident| $make:expr) => {
        $(#[$doc])*
        #[derive(Debug)]
        pub enum $Name {}

        impl $crate::contestants::Contestant for $Name {
            const NAME: &'static str = $name;
            type Tx<T: $crate::contestants::Message> = $Tx;
            type Rx<T: $crate::contestants::Message> = $Rx;

            fn bounded<T: $crate::contestants::Message>($capacity: usize) -> (Self::Tx<T>, Self::Rx<T>) {
                $make
            }
        }
    };
}

/// What the handles can do. `T` is the message.
macro_rules! can {
    () => {};
    (try_send $H:ty: |$tx:ident, $value:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::TrySend<T> for $H {
            #[inline(always)]
            fn offer(&mut self, $value: T) -> bool { let $tx = self; $do }
        }
        can!($($more)*);
    };
    (try_recv $H:ty: |$rx:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::TryRecv<T> for $H {
            #[inline(always)]
            fn look(&mut self) -> $crate::contestants::Polled<T> { let $rx = self; $do }
        }
        can!($($more)*);
    };
    (send $H:ty: |$tx:ident, $value:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::SendBlocking<T> for $H {
            #[inline(always)]
            fn put(&mut self, $value: T) -> bool { let $tx = self; $do }
        }
        can!($($more)*);
    };
    (recv $H:ty: |$rx:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::RecvBlocking<T> for $H {
            #[inline(always)]
            fn take(&mut self) -> Option<T> { let $rx = self; $do }
        }
        can!($($more)*);
    };
    (send_async $H:ty: |$tx:ident, $value:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::SendAsync<T> for $H {
            #[inline(always)]
            async fn put_async(&mut self, $value: T) -> bool { let $tx = self; $do }
        }
        can!($($more)*);
    };
    (recv_async $H:ty: |$rx:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::RecvAsync<T> for $H {
            #[inline(always)]
            async fn take_async(&mut self) -> Option<T> { let $rx = self; $do }
        }
        can!($($more)*);
    };
    (tasks $H:ty; $($more:tt)*) => {
        can!(tasks $H => $H: |handle| handle; $($more)*);
    };
    (tasks $H:ty => $Task:ty: |$handle:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::ForTasks for $H {
            type Handle = $Task;
            fn for_tasks(self) -> Self::Handle { let $handle = self; $do }
        }
        can!($($more)*);
    };
    (try_send_many $H:ty: |$tx:ident, $values:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::TrySendMany<T> for $H {
            #[inline(always)]
            fn offer_many(&mut self, $values: &mut Vec<T>) { let $tx = self; $do }
        }
        can!($($more)*);
    };
    (try_recv_many $H:ty: |$rx:ident, $into:ident, $limit:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::TryRecvMany<T> for $H {
            #[inline(always)]
            fn look_many(&mut self, $into: &mut Vec<T>, $limit: usize) -> $crate::contestants::Polled<usize> {
                let $rx = self;
                $do
            }
        }
        can!($($more)*);
    };
    (send_many $H:ty: |$tx:ident, $values:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::SendMany<T> for $H {
            #[inline(always)]
            fn put_many(&mut self, $values: &mut Vec<T>) -> bool { let $tx = self; $do }
        }
        can!($($more)*);
    };
    (recv_many $H:ty: |$rx:ident, $into:ident, $limit:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::RecvMany<T> for $H {
            #[inline(always)]
            fn take_many(&mut self, $into: &mut Vec<T>, $limit: usize) -> Option<usize> {
                let $rx = self;
                $do
            }
        }
        can!($($more)*);
    };
    (send_many_async $H:ty: |$tx:ident, $values:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::SendManyAsync<T> for $H {
            #[inline(always)]
            async fn put_many_async(&mut self, $values: &mut Vec<T>) -> bool { let $tx = self; $do }
        }
        can!($($more)*);
    };
    (recv_many_async $H:ty: |$rx:ident, $into:ident, $limit:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::RecvManyAsync<T> for $H {
            #[inline(always)]
            async fn take_many_async(&mut self, $into: &mut Vec<T>, $limit: usize) -> Option<usize> {
                let $rx = self;
                $do
            }
        }
        can!($($more)*);
    };
    (force_send $H:ty: |$tx:ident, $value:ident| $do:expr; $($more:tt)*) => {
        impl<T: $crate::contestants::Message> $crate::contestants::ForceSend<T> for $H {
            #[inline(always)]
            fn push_out(&mut self, $value: T) -> bool { let $tx = self; $do }
        }
        can!($($more)*);
    };
}

pub(super) use {can, contestant};
