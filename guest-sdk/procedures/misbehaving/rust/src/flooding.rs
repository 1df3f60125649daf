//! Guests that ask for more than there is: calls, messages, handles, bytes.

use lockstep::bindings::lockstep::contract::http::Request;
use lockstep::prelude::*;

use crate::{Mode, mode};

pub(crate) const MODES: &[Mode] = &[
    mode("call-forever", |_| {
        loop {
            clock::now()?;
        }
    }),
    mode("effect-forever", |_| {
        loop {
            artifact::from_text("again", "yes")?;
        }
    }),
    mode("deny-forever", |_| {
        loop {
            let _ = http::get("https://nowhere.example/").send();
        }
    }),
    mode("random-forever", |_| {
        loop {
            std::hint::black_box(random::bytes(4_096));
        }
    }),
    mode("log-flood", |_| {
        loop {
            info!("again");
        }
    }),
    mode("huge-log", |_| {
        info!("{}", "x".repeat(50_000_000));
        Ok(())
    }),
    mode("huge-fields", |_| {
        let value = "x".repeat(1_000_000);
        let fields: Vec<_> = (0..40).map(|_| ("key", value.clone())).collect();
        log::info("forty fields of a megabyte", &fields);
        Ok(())
    }),
    mode("handles", |_| {
        let mut kept = Vec::new();
        loop {
            kept.push(Request::new("GET", "http://127.0.0.1:1/"));
        }
    }),
    mode("sent-handles", |_| {
        // Nothing is sent: the address is not granted. What was asked for stays open.
        let mut kept = Vec::new();
        loop {
            let request = Request::new("GET", "https://nowhere.example/");
            if kept.len() % 100 == 0 {
                let _ = request.send();
            }
            kept.push(request);
        }
    }),
    mode("bodies-kept", |_| {
        let mut kept = Vec::new();
        let body = vec![b'x'; 8 << 20];
        loop {
            let request = Request::new("PUT", "http://127.0.0.1:1/");
            request.body(&body);
            kept.push(request);
        }
    }),
    mode("artifact-flood", |_| {
        for number in 0_u32.. {
            artifact::from_bytes(&format!("part-{number}"), &vec![number.to_le_bytes()[0]; 4 << 20])?;
        }
        Ok(())
    }),
    mode("huge-artifact", |_| {
        let mut draft = artifact::draft("huge");
        let part = vec![0; 1 << 20];
        for _ in 0..65 {
            draft.append(&part);
        }
        draft.seal().map(drop)
    }),
    mode("read-flood", |_| {
        let file = vec![b'x'; 4 << 20];
        files::write("/box/file", &file)?;
        loop {
            files::read("/box/file")?;
        }
    }),
    mode("remember-flood", |ctx| {
        for number in 0.. {
            ctx.remember(&format!("key-{number}"), number)?;
        }
        Ok(())
    }),
    mode("remember-much", |ctx| ctx.remember("much", "x".repeat(65 << 10))),
];
