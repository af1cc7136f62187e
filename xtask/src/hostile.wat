;; A guest that misbehaves as the first byte of its request says.
(module
  (import "env" "kcl_plugin_invoke_json_wasm"
    (func $invoke (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 2)
  (table 1 funcref)
  (data (i32.const 16) "image")
  (func (export "alloc") (param i32) (result i32) (i32.const 1024))
  (func (export "akua_bridge_alloc") (param i32) (result i32)
    ;; A: a place outside of the memory
    (if (call $is (i32.const 65)) (then (return (i32.const 0x7fffffff))))
    ;; E: a place whose end is outside of the memory
    (if (call $is (i32.const 69)) (then (return (i32.const 0x1ffff))))
    ;; Z: no place
    (if (call $is (i32.const 90)) (then (return (i32.const 0))))
    ;; T: trap
    (if (call $is (i32.const 84)) (then (unreachable)))
    ;; X: exit
    (if (call $is (i32.const 88)) (then (call $exit (i32.const 5))))
    ;; G: grow without end, then exit
    (if (call $is (i32.const 71)) (then (call $grow)))
    ;; S: loop
    (if (call $is (i32.const 83)) (then (call $spin)))
    ;; R: call the bridge again, from within it
    (if (call $is (i32.const 82)) (then (drop (call $bridge))))
    (i32.const 65536))
  ;; Calls the bridge with three honest strings: the image, and nothing twice.
  (func $bridge (result i32) (call $invoke (i32.const 16) (i32.const 0) (i32.const 0)))
  (func $grow (loop $again
    (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (call $exit (i32.const 2))))
    (br $again)))
  (func $spin (loop $again (br $again)))
  (func $deep (param i32) (result i32)
    (i32.add (call $deep (i32.add (local.get 0) (i32.const 1))) (i32.const 1)))
  (func $is (param i32) (result i32)
    (i32.eq (i32.load8_u (i32.const 1024)) (local.get 0)))
  (func (export "render") (param i32 i32) (result i64)
    ;; g: grow without end, then exit
    (if (call $is (i32.const 103)) (then (call $grow)))
    ;; l: loop
    (if (call $is (i32.const 108)) (then (call $spin)))
    ;; s: stack
    (if (call $is (i32.const 115)) (then (drop (call $deep (i32.const 0)))))
    ;; t: table
    (if (call $is (i32.const 116))
      (then (drop (table.grow (ref.null func) (i32.const 1)))))
    ;; u: unreachable
    (if (call $is (i32.const 117)) (then (unreachable)))
    ;; x: exit
    (if (call $is (i32.const 120)) (then (call $exit (i32.const 3))))
    ;; o: read outside of the memory
    (if (call $is (i32.const 111)) (then (drop (i32.load (i32.const 0x7fffffff)))))
    ;; p: return a pointer outside of the memory
    (if (call $is (i32.const 112)) (then (return (i64.const 0x7fffffff00000010))))
    ;; h: return a huge length
    (if (call $is (i32.const 104)) (then (return (i64.const 0x00000000ffffffff))))
    ;; b: bridge pointer outside of the memory
    (if (call $is (i32.const 98))
      (then (drop (call $invoke (i32.const 0x7fffffff) (i32.const 0) (i32.const 0)))))
    ;; c: bridge without an answerer
    (if (call $is (i32.const 99))
      (then (drop (call $invoke (i32.const 0) (i32.const 0) (i32.const 0)))))
    ;; r: 16 random bytes
    (if (call $is (i32.const 114))
      (then (drop (call $random (i32.const 2048) (i32.const 16)))
            (return (i64.const 0x0000080000000010))))
    ;; z: sleep for years (the subscription at 4096: clock 1, relative)
    (if (call $is (i32.const 122))
      (then
        (i32.store (i32.const 4112) (i32.const 1))
        (i64.store (i32.const 4120) (i64.const 0x7fffffffffffffff))
        (drop (call $poll (i32.const 4096) (i32.const 8192) (i32.const 1) (i32.const 9000)))))
    ;; P: return a pointer within the memory, and a length that leaves it
    (if (call $is (i32.const 80)) (then (return (i64.const 0x0001fff800000010))))
    ;; B: a string over the bridge that is not UTF-8
    (if (call $is (i32.const 66))
      (then (i32.store8 (i32.const 4096) (i32.const 0xff))
            (drop (call $invoke (i32.const 4096) (i32.const 0) (i32.const 0)))))
    ;; N: a string over the bridge that has no end in the memory
    (if (call $is (i32.const 78))
      (then (memory.fill (i32.const 65536) (i32.const 97) (i32.const 65536))
            (drop (call $invoke (i32.const 65536) (i32.const 0) (i32.const 0)))))
    ;; q: random bytes outside of the memory
    (if (call $is (i32.const 113))
      (then (drop (call $random (i32.const 0x7fffffff) (i32.const 16)))))
    ;; Q: four gigabytes of random bytes
    (if (call $is (i32.const 81))
      (then (drop (call $random (i32.const 0) (i32.const 0xffffffff)))))
    ;; y: wait for two thousand million things
    (if (call $is (i32.const 121))
      (then (drop (call $poll (i32.const 0) (i32.const 0) (i32.const 0x7fffffff) (i32.const 9000)))))
    ;; w: write from outside of the memory
    (if (call $is (i32.const 119))
      (then (drop (call $write (i32.const 1) (i32.const 0x7fffffff) (i32.const 1) (i32.const 9000)))))
    ;; W: write 64 MiB
    (if (call $is (i32.const 87))
      (then
        (i32.store (i32.const 4096) (i32.const 65536))
        (i32.store (i32.const 4100) (i32.const 65536))
        (i32.store (i32.const 4104) (i32.const 1024))
        (loop $again
          (drop (call $write (i32.const 1) (i32.const 4096) (i32.const 1) (i32.const 9000)))
          (i32.store (i32.const 4104) (i32.sub (i32.load (i32.const 4104)) (i32.const 1)))
          (br_if $again (i32.load (i32.const 4104))))))
    ;; capitals that are left: an honest call over the bridge, whose answer is what it returns
    (if (i32.lt_u (i32.load8_u (i32.const 1024)) (i32.const 91))
      (then (return (i64.or (i64.shl (i64.extend_i32_u (call $bridge)) (i64.const 32)) (i64.const 2)))))
    ;; anything else: the image
    (i64.const 0x0000001000000005))
)
