//! Requests that wait, and what they wait for.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use wasm_bindgen::prelude::*;

use crate::protocol::time::UnixTime;

/// What JavaScript brought, or that it failed.
pub type Brought = Result<JsValue, ()>;

/// Something a request asked for.
enum Wanted {
    /// It has not come; whoever waits for it is to be woken.
    Awaited(Waker),
    /// It came, and was not taken yet.
    Come(Brought),
}

/// What a request waits for, by the host's numbers.
#[derive(Default)]
pub struct Arrivals(RefCell<BTreeMap<u32, Wanted>>);

impl Arrivals {
    /// Waits for one of them.
    pub async fn of(&self, number: u32) -> Brought {
        poll_fn(|context| {
            let mut all = self.0.borrow_mut();
            if let Some(Wanted::Come(brought)) = all.remove(&number) {
                return Poll::Ready(brought);
            }
            all.insert(number, Wanted::Awaited(context.waker().clone()));
            Poll::Pending
        })
        .await
    }

    fn bring(&self, number: u32, brought: Brought) {
        let before = self.0.borrow_mut().insert(number, Wanted::Come(brought));
        if let Some(Wanted::Awaited(waker)) = before {
            waker.wake();
        }
    }
}

/// A request that waits for something.
pub struct Waiting {
    request: Pin<Box<dyn Future<Output = ()>>>,
    arrivals: Rc<Arrivals>,
    /// When it began.
    pub since: UnixTime,
}

/// That something can go on. One thread runs one request at a time, so all share it.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

thread_local! {
    static WOKEN: (Arc<Woken>, Waker) = {
        let woken = Arc::<Woken>::default();
        (Arc::clone(&woken), Waker::from(woken))
    };
}

impl Waiting {
    /// A request that was not begun yet.
    pub fn new(
        request: impl Future<Output = ()> + 'static,
        arrivals: Rc<Arrivals>,
        since: UnixTime,
    ) -> Self {
        Self {
            request: Box::pin(request),
            arrivals,
            since,
        }
    }

    /// Something it asked for came.
    pub fn bring(&self, number: u32, brought: Brought) {
        self.arrivals.bring(number, brought);
    }

    /// Goes on as far as it can. Whether that is the end.
    pub fn is_done(&mut self) -> bool {
        WOKEN.with(|(woken, waker)| {
            loop {
                woken.0.store(false, Ordering::Relaxed);
                let mut context = Context::from_waker(waker);
                match self.request.as_mut().poll(&mut context) {
                    Poll::Ready(()) => return true,
                    Poll::Pending if !woken.0.load(Ordering::Relaxed) => return false,
                    // Something inside gave way to others; there is nobody else here.
                    Poll::Pending => {}
                }
            }
        })
    }
}
