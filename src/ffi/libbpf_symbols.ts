/** libbpf's symbols that ktriage calls: nothing else stands in this file. All exist since libbpf 1.0. */
export const libbpfSymbols = {
  libbpf_set_print: { parameters: ["pointer"], result: "pointer" }, // libbpf_print_fn_t fn
  libbpf_num_possible_cpus: { parameters: [], result: "i32" },
  bpf_object__open_mem: {
    parameters: [
      "buffer", // const void *obj_buf
      "usize", // size_t obj_buf_sz
      "buffer", // const struct bpf_object_open_opts *opts
    ],
    result: "pointer",
  },
  bpf_object__load: { parameters: ["pointer"], result: "i32" }, // struct bpf_object *obj
  bpf_object__close: { parameters: ["pointer"], result: "void" }, // struct bpf_object *obj
  bpf_object__find_map_by_name: { parameters: ["pointer", "buffer"], result: "pointer" }, // obj, const char *name
  bpf_object__find_program_by_name: { parameters: ["pointer", "buffer"], result: "pointer" }, // obj, const char *name
  bpf_program__set_autoload: { parameters: ["pointer", "bool"], result: "i32" }, // struct bpf_program *, bool autoload
  bpf_program__fd: { parameters: ["pointer"], result: "i32" }, // const struct bpf_program *prog
  bpf_object__next_program: { parameters: ["pointer", "pointer"], result: "pointer" }, // obj, const struct bpf_program *prev
  bpf_program__set_attach_target: {
    parameters: [
      "pointer", // struct bpf_program *prog
      "i32", // int attach_prog_fd
      "buffer", // const char *attach_func_name
    ],
    result: "i32",
  },
  bpf_program__set_expected_attach_type: { parameters: ["pointer", "u32"], result: "i32" }, // prog, enum bpf_attach_type
  bpf_program__attach_trace: { parameters: ["pointer"], result: "pointer" }, // const struct bpf_program *prog
  bpf_program__attach_raw_tracepoint: { parameters: ["pointer", "buffer"], result: "pointer" }, // prog, const char *tp_name
  bpf_program__attach_kprobe_multi_opts: {
    parameters: [
      "pointer", // const struct bpf_program *prog
      "pointer", // const char *pattern
      "buffer", // const struct bpf_kprobe_multi_opts *opts
    ],
    result: "pointer",
  },
  bpf_program__attach_perf_event: { parameters: ["pointer", "i32"], result: "pointer" }, // prog, int pfd
  bpf_link__fd: { parameters: ["pointer"], result: "i32" }, // const struct bpf_link *link
  bpf_link__destroy: { parameters: ["pointer"], result: "i32" }, // struct bpf_link *link
  bpf_link__destroy_elsewhere: { name: "bpf_link__destroy", parameters: ["pointer"], result: "i32", nonblocking: true }, // the same
  bpf_map__set_initial_value: { parameters: ["pointer", "buffer", "usize"], result: "i32" }, // map, data, size
  bpf_map__set_max_entries: { parameters: ["pointer", "u32"], result: "i32" }, // map, __u32 max_entries
  bpf_map__reuse_fd: { parameters: ["pointer", "i32"], result: "i32" }, // map, int fd
  bpf_map__fd: { parameters: ["pointer"], result: "i32" }, // const struct bpf_map *map
  bpf_map_create: {
    parameters: [
      "u32", // enum bpf_map_type map_type
      "buffer", // const char *map_name
      "u32", // __u32 key_size
      "u32", // __u32 value_size
      "u32", // __u32 max_entries
      "pointer", // const struct bpf_map_create_opts *opts
    ],
    result: "i32",
  },
  bpf_map_lookup_elem: { parameters: ["i32", "buffer", "buffer"], result: "i32" }, // int fd, const void *key, void *value
  bpf_map_update_elem: { parameters: ["i32", "buffer", "buffer", "u64"], result: "i32" }, // fd, key, value, __u64 flags
  bpf_map_lookup_batch: {
    parameters: [
      "i32", // int fd
      "buffer", // void *in_batch
      "buffer", // void *out_batch
      "buffer", // void *keys
      "buffer", // void *values
      "buffer", // __u32 *count
      "pointer", // const struct bpf_map_batch_opts *opts
    ],
    result: "i32",
  },
  bpf_prog_test_run_opts: { parameters: ["i32", "buffer"], result: "i32" }, // int fd, struct bpf_test_run_opts *opts
  bpf_obj_get_info_by_fd: { parameters: ["i32", "buffer", "buffer"], result: "i32" }, // int fd, void *info, __u32 *len
} as const satisfies Deno.ForeignLibraryInterface;
