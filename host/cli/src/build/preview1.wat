;; Stands in for WASI preview 1, which a language's library asks for whether a procedure uses it or not.
;;
;; There is nothing behind it: no arguments, no environment, no files, no sockets. What a library needs to start succeeds and gives the same every
;; time, what cannot be had is `ENOSYS` (52) or, of a descriptor, `EBADF` (8). What is written to standard output and error and what the wall clock says
;; is asked of the host's own WASI, which is virtual. Randomness and the monotonic clock are made up here: a library asks for both as it pleases, and
;; each would be a record. A procedure takes them from the contract. Where a library looks at the wall clock as it pleases as well, `made_up_clock_time_get`
;; is given its name.
(module
  (import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get_stdout (result i32)))
  (import "wasi:cli/stderr@0.2.0" "get-stderr" (func $get_stderr (result i32)))
  (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
  (import "wasi:clocks/wall-clock@0.2.0" "now" (func $wall_clock (param i32)))
  (import "env" "memory" (memory 0))

  ;; The handles of standard output and error, once they are there.
  (global $stdout (mut i32) (i32.const -1))
  (global $stderr (mut i32) (i32.const -1))
  ;; Nanoseconds, moved on by every look and by every wait, and never behind what the wall clock has said.
  (global $now (mut i64) (i64.const 1))
  ;; State of the generator that stands in for randomness.
  (global $seed (mut i64) (i64.const 0x9e3779b97f4a7c15))

  (func $none (param $count i32) (param $size i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.store (local.get $size) (i32.const 0))
    (i32.const 0))
  (func (export "args_sizes_get") (param i32 i32) (result i32) (call $none (local.get 0) (local.get 1)))
  (func (export "args_get") (param i32 i32) (result i32) (i32.const 0))
  (func (export "environ_sizes_get") (param i32 i32) (result i32) (call $none (local.get 0) (local.get 1)))
  (func (export "environ_get") (param i32 i32) (result i32) (i32.const 0))

  (func (export "clock_res_get") (param $clock i32) (param $resolution i32) (result i32)
    (i64.store (local.get $resolution) (i64.const 1000000))
    (i32.const 0))
  ;; The host gives seconds and, behind them, nanoseconds: there is no room for those, so that what stands there is put back.
  (func (export "clock_time_get") (param $clock i32) (param $precision i64) (param $time i32) (result i32)
    (local $behind i64)
    (if (local.get $clock)
      (then
        (global.set $now (i64.add (global.get $now) (i64.const 1000000)))
        (i64.store (local.get $time) (global.get $now)))
      (else
        (local.set $behind (i64.load offset=8 (local.get $time)))
        (call $wall_clock (local.get $time))
        (i64.store (local.get $time)
          (i64.add (i64.mul (i64.load (local.get $time)) (i64.const 1000000000)) (i64.load32_u offset=8 (local.get $time))))
        (i64.store offset=8 (local.get $time) (local.get $behind))
        (if (i64.gt_u (i64.load (local.get $time)) (global.get $now)) (then (global.set $now (i64.load (local.get $time)))))))
    (i32.const 0))

  (func (export "made_up_clock_time_get") (param $clock i32) (param $precision i64) (param $time i32) (result i32)
    (global.set $now (i64.add (global.get $now) (i64.const 1000000)))
    (i64.store (local.get $time) (global.get $now))
    (i32.const 0))

  (func (export "random_get") (param $to i32) (param $count i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $to) (local.get $count)))
    (block $done
      (loop $next
        (br_if $done (i32.ge_u (local.get $to) (local.get $end)))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 13))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shr_u (global.get $seed) (i64.const 7))))
        (global.set $seed (i64.xor (global.get $seed) (i64.shl (global.get $seed) (i64.const 17))))
        (i64.store8 (local.get $to) (global.get $seed))
        (local.set $to (i32.add (local.get $to) (i32.const 1)))
        (br $next)))
    (i32.const 0))

  ;; Every wait is over at once; a wait for a time moves the clock there. One event answers each subscription.
  (func (export "poll_oneoff") (param $asked i32) (param $events i32) (param $count i32) (param $answered i32) (result i32)
    (local $left i32)
    (local.set $left (local.get $count))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $left)))
        (if (i32.eqz (i32.load8_u offset=8 (local.get $asked)))
          (then (global.set $now (i64.add (global.get $now) (i64.load offset=24 (local.get $asked))))))
        (i64.store (local.get $events) (i64.load (local.get $asked)))
        (i64.store offset=8 (local.get $events) (i64.const 0))
        (i32.store8 offset=10 (local.get $events) (i32.load8_u offset=8 (local.get $asked)))
        (i64.store offset=16 (local.get $events) (i64.const 0))
        (i64.store offset=24 (local.get $events) (i64.const 0))
        (local.set $asked (i32.add (local.get $asked) (i32.const 48)))
        (local.set $events (i32.add (local.get $events) (i32.const 32)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $answered) (local.get $count))
    (i32.const 0))
  (func (export "sched_yield") (result i32) (i32.const 0))
  (func (export "proc_exit") (param i32) (unreachable))

  ;; The stream of a descriptor, or -1.
  (func $stream (param $descriptor i32) (result i32)
    (if (i32.eq (local.get $descriptor) (i32.const 1))
      (then
        (if (i32.eq (global.get $stdout) (i32.const -1)) (then (global.set $stdout (call $get_stdout))))
        (return (global.get $stdout))))
    (if (i32.eq (local.get $descriptor) (i32.const 2))
      (then
        (if (i32.eq (global.get $stderr) (i32.const -1)) (then (global.set $stderr (call $get_stderr))))
        (return (global.get $stderr))))
    (i32.const -1))
  ;; The host takes all of it and makes lines of it. Its answer has no room of its own, so that what stands where it goes is put back.
  (func (export "fd_write") (param $descriptor i32) (param $parts i32) (param $count i32) (param $written i32) (result i32)
    (local $stream i32) (local $sum i32) (local $there i64) (local $behind i32)
    (local.set $stream (call $stream (local.get $descriptor)))
    (if (i32.eq (local.get $stream) (i32.const -1)) (then (return (i32.const 8))))
    (local.set $there (i64.load (local.get $written)))
    (local.set $behind (i32.load offset=8 (local.get $written)))
    (block $done
      (loop $next
        (br_if $done (i32.eqz (local.get $count)))
        (call $write (local.get $stream) (i32.load (local.get $parts)) (i32.load offset=4 (local.get $parts)) (local.get $written))
        (i64.store (local.get $written) (local.get $there))
        (i32.store offset=8 (local.get $written) (local.get $behind))
        (local.set $sum (i32.add (local.get $sum) (i32.load offset=4 (local.get $parts))))
        (local.set $parts (i32.add (local.get $parts) (i32.const 8)))
        (local.set $count (i32.sub (local.get $count) (i32.const 1)))
        (br $next)))
    (i32.store (local.get $written) (local.get $sum))
    (i32.const 0))
  (func (export "fd_read") (param i32 i32 i32) (param $count i32) (result i32)
    (i32.store (local.get $count) (i32.const 0))
    (i32.const 0))
  ;; The three standard streams are terminals of no other kind than any device.
  (func (export "fd_fdstat_get") (param $descriptor i32) (param $state i32) (result i32)
    (if (i32.gt_u (local.get $descriptor) (i32.const 2)) (then (return (i32.const 8))))
    (i64.store (local.get $state) (i64.const 2))
    (i64.store offset=8 (local.get $state) (i64.const 0))
    (i64.store offset=16 (local.get $state) (i64.const 0))
    (i32.const 0))
  (func (export "fd_fdstat_set_flags") (param i32 i32) (result i32) (i32.const 0))
  (func (export "fd_close") (param i32) (result i32) (i32.const 8))
  (func (export "fd_seek") (param i32 i64 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_tell") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_prestat_dir_name") (param i32 i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_get") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_size") (param i32 i64) (result i32) (i32.const 8))
  (func (export "fd_filestat_set_times") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pread") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_pwrite") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_readdir") (param i32 i32 i32 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_sync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_datasync") (param i32) (result i32) (i32.const 8))
  (func (export "fd_renumber") (param i32 i32) (result i32) (i32.const 8))
  (func (export "fd_advise") (param i32 i64 i64 i32) (result i32) (i32.const 8))
  (func (export "fd_allocate") (param i32 i64 i64) (result i32) (i32.const 8))
  (func (export "path_open") (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32) (i32.const 52))
  (func (export "path_create_directory") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_remove_directory") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_unlink_file") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_rename") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_link") (param i32 i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_symlink") (param i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_readlink") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_filestat_get") (param i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "path_filestat_set_times") (param i32 i32 i32 i32 i64 i64 i32) (result i32) (i32.const 52))
  (func (export "sock_accept") (param i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_recv") (param i32 i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_send") (param i32 i32 i32 i32 i32) (result i32) (i32.const 52))
  (func (export "sock_shutdown") (param i32 i32) (result i32) (i32.const 52)))
