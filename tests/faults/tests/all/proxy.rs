//! What becomes of connections through the proxy.

use std::io::{ErrorKind, Read};
use std::net::{Ipv4Addr, Shutdown, TcpStream};
use std::time::{Duration, Instant};

use lockstep_faults::{Fault, FaultProxy, Way};

use crate::place::{Echo, client, hear, hear_all, say};

fn before(echo: &Echo) -> FaultProxy {
    FaultProxy::before(echo.address).unwrap()
}

#[test]
fn without_a_fault_every_byte_passes_both_ways_and_so_does_the_end() {
    let echo = Echo::new();
    let proxy = before(&echo);
    let mut client = client(proxy.address());
    let words: Vec<u8> = (0..1_000_000_u32).map(|at| (at % 251) as u8).collect();
    let mut reader = client.try_clone().unwrap();
    let heard = std::thread::spawn(move || hear_all(&mut reader));
    say(&mut client, &words);
    client.shutdown(Shutdown::Write).unwrap();
    assert!(heard.join().unwrap() == (words, false));
    assert_eq!(proxy.connections(), 1);
}

#[test]
fn a_reset_is_one_and_only_the_connection_that_it_was_meant_for_has_it() {
    let echo = Echo::new();
    let proxy = before(&echo);
    proxy.next(Fault::Reset);
    assert_eq!(hear_all(&mut client(proxy.address())), (vec![], true));
    let mut well = client(proxy.address());
    say(&mut well, b"hello");
    assert_eq!(hear(&mut well, 5), b"hello");
    assert_eq!(proxy.connections(), 2);
}

#[test]
fn a_connection_can_be_reset_while_it_is_open() {
    let echo = Echo::new();
    let proxy = before(&echo);
    let mut client = client(proxy.address());
    say(&mut client, b"hello");
    assert_eq!(hear(&mut client, 5), b"hello");
    proxy.now(Fault::Reset);
    assert_eq!(hear_all(&mut client), (vec![], true));
    assert_eq!(echo.heard(), b"hello");
    assert_eq!(echo.heard(), b"", "the server has lost it as well");
}

#[test]
fn a_reset_after_the_request_was_sent_leaves_the_server_with_the_request() {
    let echo = Echo::new();
    let proxy = before(&echo);
    proxy.next(Fault::Cut(Way::Down, 0));
    let mut client = client(proxy.address());
    say(&mut client, b"charge the card");
    assert_eq!(hear_all(&mut client), (vec![], true));
    assert_eq!(echo.heard(), b"charge the card");
}

#[test]
fn an_answer_is_cut_at_the_byte_that_was_asked_for() {
    let echo = Echo::new();
    let proxy = before(&echo);
    proxy.next(Fault::Cut(Way::Down, 3));
    let mut client = client(proxy.address());
    say(&mut client, b"hello");
    assert_eq!(hear(&mut client, 3), b"hel");
    assert_eq!(hear_all(&mut client), (vec![], true));
}

#[test]
fn a_request_is_cut_at_the_byte_that_was_asked_for_and_answers_are_not_counted() {
    let echo = Echo::new();
    let proxy = before(&echo);
    let mut client = client(proxy.address());
    say(&mut client, b"before");
    assert_eq!(hear(&mut client, 6), b"before");
    proxy.now(Fault::Cut(Way::Up, 7));
    say(&mut client, b"hello");
    assert_eq!(hear(&mut client, 5), b"hello");
    // A fault that is set anew counts anew.
    proxy.now(Fault::Cut(Way::Up, 7));
    say(&mut client, b"again");
    assert_eq!(hear(&mut client, 5), b"again");
    say(&mut client, b"there");
    hear_all(&mut client);
    for words in [&b"before"[..], b"hello", b"again", b"th", b""] {
        assert_eq!(echo.heard(), words);
    }
}

#[test]
fn a_connection_that_hangs_says_nothing_and_loses_nothing() {
    let echo = Echo::new();
    let proxy = before(&echo);
    proxy.next(Fault::Hang);
    let mut client = client(proxy.address());
    say(&mut client, b"hello");
    client.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    assert!(matches!(client.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut));
    assert!(echo.heard_nothing());
    client.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    proxy.now(Fault::Pass);
    assert_eq!(hear(&mut client, 5), b"hello");
}

#[test]
fn a_delay_is_waited_for_both_ways() {
    let echo = Echo::new();
    let proxy = before(&echo);
    let mut client = client(proxy.address());
    proxy.now(Fault::Delay(Duration::from_millis(30)));
    let began = Instant::now();
    say(&mut client, b"hello");
    assert_eq!(hear(&mut client, 5), b"hello");
    assert!(began.elapsed() >= Duration::from_millis(60), "{:?}", began.elapsed());
}

#[test]
fn a_throttled_answer_takes_its_time_and_a_changed_fault_ends_that() {
    let echo = Echo::new();
    let proxy = before(&echo);
    let mut client = client(proxy.address());
    proxy.now(Fault::Throttle(5_000));
    let began = Instant::now();
    say(&mut client, &[7; 1_000]);
    assert_eq!(hear(&mut client, 1_000), [7; 1_000]);
    assert!(began.elapsed() >= Duration::from_millis(180), "{:?}", began.elapsed());
    // The rest of this would take a quarter of an hour.
    proxy.now(Fault::Throttle(1));
    say(&mut client, &[8; 50_000]);
    assert_eq!(hear(&mut client, 1), [8]);
    proxy.now(Fault::Pass);
    assert!(hear(&mut client, 49_999).iter().all(|byte| *byte == 8));
}

#[test]
fn garbage_is_as_long_as_the_answer_and_not_the_answer() {
    let echo = Echo::new();
    let proxy = before(&echo);
    proxy.next(Fault::Garbage);
    let mut client = client(proxy.address());
    say(&mut client, &[b'a'; 1_000]);
    let answer = hear(&mut client, 1_000);
    assert!(answer.iter().filter(|byte| **byte == b'a').count() < 10, "{answer:?}");
    assert_eq!(echo.heard(), [b'a'; 1_000], "the request is left alone");
}

#[test]
fn an_endless_answer_has_its_head_its_length_and_an_end() {
    const BYTES: u64 = 200 << 20;
    let echo = Echo::new();
    let proxy = before(&echo);
    proxy.next(Fault::Endless { head: b"head:".to_vec(), again: b"row;".to_vec(), bytes: BYTES });
    let mut client = client(proxy.address());
    say(&mut client, b"give me all");
    assert_eq!(hear(&mut client, 13), b"head:row;row;");
    let rest = std::io::copy(&mut client.take(2 * BYTES), &mut std::io::sink()).unwrap();
    assert!((BYTES - 13..BYTES + (1 << 20)).contains(&rest), "{rest}");
}

#[test]
fn a_client_that_does_not_read_an_endless_answer_can_still_be_reset() {
    let echo = Echo::new();
    let proxy = before(&echo);
    proxy.next(Fault::Endless { head: vec![], again: vec![0], bytes: u64::MAX });
    let mut client = client(proxy.address());
    say(&mut client, b"give me all");
    assert_eq!(hear(&mut client, 1), [0]);
    proxy.now(Fault::Reset);
    assert!(hear_all(&mut client).1);
}

#[test]
fn a_server_that_is_down_resets_and_refuses_and_is_there_again_at_the_same_address() {
    let echo = Echo::new();
    let proxy = before(&echo);
    let mut open = client(proxy.address());
    say(&mut open, b"hello");
    assert_eq!(hear(&mut open, 5), b"hello");
    proxy.down();
    assert_eq!(hear_all(&mut open), (vec![], true));
    assert_eq!(TcpStream::connect(proxy.address()).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    proxy.up().unwrap();
    let mut again = client(proxy.address());
    say(&mut again, b"hello");
    assert_eq!(hear(&mut again, 5), b"hello");
}

#[test]
fn a_server_that_is_not_there_is_a_reset() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = FaultProxy::before(nobody).unwrap();
    assert_eq!(hear_all(&mut client(proxy.address())), (vec![], true));
}

#[test]
fn a_proxy_stands_at_an_address_that_no_certificate_names() {
    let echo = Echo::new();
    let proxy = FaultProxy::at(Ipv4Addr::new(127, 0, 0, 2), echo.address).unwrap();
    assert_eq!(proxy.address().ip(), Ipv4Addr::new(127, 0, 0, 2));
    let mut client = client(proxy.address());
    say(&mut client, b"hello");
    assert_eq!(hear(&mut client, 5), b"hello");
}
