//! A shared value whose type a cell's compiler doesn't see.

use std::any::Any;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

/// A value that is shared, not copied, by clones.
///
/// Each cell compiles what frees the variables that it can reach. Behind `dyn`
/// that is one call, whatever `T` is; spelled out, each cell of the study took
/// the compiler 10 to 20 % longer.
pub struct Held<T>(Arc<dyn Any + Send + Sync>, PhantomData<T>);

impl<T: Send + Sync + 'static> Held<T> {
    /// Takes the value.
    pub fn new(value: T) -> Self {
        Self(Arc::new(value), PhantomData)
    }
}

impl<T: 'static> Deref for Held<T> {
    type Target = T;

    fn deref(&self) -> &T {
        self.0.downcast_ref().expect("`new` holds a T")
    }
}

impl<T> Clone for Held<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<T: fmt::Debug + 'static> fmt::Debug for Held<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: PartialEq + 'static> PartialEq for Held<T> {
    fn eq(&self, other: &Self) -> bool {
        **self == **other
    }
}

impl<T: Eq + 'static> Eq for Held<T> {}
