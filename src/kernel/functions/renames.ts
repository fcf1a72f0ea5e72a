/** Names that the kernel's functions had, from one version to the next. */

/**
 * One line a function, the oldest name first, each later one with the version of the change; `?` where that is not
 * certain. A later name stands also for what took a function's work over.
 *
 * From the kernel's history; checked against the symbols of Linux 5.10, 6.1, 6.12 and 7.3.
 */
const FAMILIES = `\
do_fork _do_fork@4.2 kernel_clone@5.10
do_execve do_execveat_common@3.19
__do_execve_file@4.19 bprm_execve@5.9
vfs_stat vfs_statx@4.11
do_mmap_pgoff do_mmap@5.9
do_munmap __do_munmap@5.0 do_vmi_munmap@6.3
do_page_fault __do_page_fault@3.13 do_user_addr_fault@4.20
send_signal send_signal_locked@5.19
__send_signal __send_signal_locked@5.19
scheduler_tick sched_tick@6.10
trigger_load_balance sched_balance_trigger@6.10
load_balance sched_balance_rq@6.10
rebalance_domains sched_balance_domains@6.10
run_rebalance_domains sched_balance_softirq@6.10
find_busiest_group sched_balance_find_src_group@6.10
check_preempt_curr wakeup_preempt@6.7
rcu_process_callbacks rcu_core@?
do_coredump vfs_coredump@6.17
futex_wait_queue_me futex_wait_queue@5.16 futex_do_wait@?
pipe_read anon_pipe_read@6.15
pipe_write anon_pipe_write@6.15
__alloc_pages_nodemask __alloc_pages@5.13 __alloc_pages_noprof@6.10 __alloc_frozen_pages_noprof@6.14
alloc_pages_current alloc_pages@5.13 alloc_pages_noprof@6.10
__folio_alloc@5.16 __folio_alloc_noprof@6.10
__get_free_pages get_free_pages_noprof@6.10
get_zeroed_page get_zeroed_page_noprof@6.10
__alloc_pages_bulk alloc_pages_bulk_noprof@6.10
kmalloc __kmalloc __kmalloc_noprof@6.10
__kmalloc_node __kmalloc_node_noprof@6.10
kmem_cache_alloc kmem_cache_alloc_noprof@6.10
kmem_cache_alloc_node kmem_cache_alloc_node_noprof@6.10
kmem_cache_alloc_lru@5.18 kmem_cache_alloc_lru_noprof@6.10
kmem_cache_alloc_bulk kmem_cache_alloc_bulk_noprof@6.10
kmem_cache_alloc_trace kmalloc_trace@6.1 kmalloc_trace_noprof@6.10 __kmalloc_cache_noprof@6.11
krealloc krealloc_noprof@6.10 krealloc_node_align_noprof@?
kvmalloc_node kvmalloc_node_noprof@6.10 __kvmalloc_node_noprof@6.11
vmalloc vmalloc_noprof@6.10
vzalloc vzalloc_noprof@6.10
__vmalloc __vmalloc_noprof@6.10
kmemdup kmemdup_noprof@6.10
free_unref_page free_frozen_pages@6.14
__put_page __folio_put@?
mem_cgroup_charge __mem_cgroup_charge@5.15
try_charge try_charge_memcg@?
account_page_dirtied folio_account_dirtied@5.16
mark_page_accessed folio_mark_accessed@5.16
add_to_page_cache_lru filemap_add_folio@5.16
__add_to_page_cache_locked __filemap_add_folio@5.16
delete_from_page_cache filemap_remove_folio@5.16
__delete_from_page_cache __filemap_remove_folio@5.16
set_page_dirty folio_mark_dirty@5.16
__set_page_dirty_nobuffers filemap_dirty_folio@5.18
unlock_page folio_unlock@5.16
end_page_writeback folio_end_writeback@5.16
test_clear_page_writeback __folio_end_writeback@5.16
__test_set_page_writeback __folio_start_writeback@5.16
wait_on_page_bit folio_wait_bit@5.16
wait_on_page_bit_common folio_wait_bit_common@5.16
__lock_page __folio_lock@5.16
shrink_zone shrink_node@4.8
shrink_page_list shrink_folio_list@?
page_add_new_anon_rmap folio_add_new_anon_rmap@?
lru_cache_add folio_add_lru@5.16
activate_page folio_activate@5.16
swap_readpage swap_read_folio@?
swap_writepage swap_writeout@?
generic_file_buffered_read filemap_read@5.12
__do_page_cache_readahead do_page_cache_ra@5.10
ext4_readpage ext4_read_folio@5.19
ext4_readpages ext4_readahead@5.8
ext4_file_write ext4_file_write_iter@3.16
generic_make_request submit_bio_noacct@5.9
blk_mq_make_request blk_mq_submit_bio@5.9
blk_account_io_start __blk_account_io_start@5.16
blk_account_io_done __blk_account_io_done@5.16
kfree_skb kfree_skb_reason@5.17 sk_skb_reason_drop@6.11
tcp_drop tcp_drop_reason@5.18
sock_queue_rcv_skb sock_queue_rcv_skb_reason@5.19
dev_queue_xmit __dev_queue_xmit@5.19
netif_receive_skb_internal netif_receive_skb@?
napi_gro_receive gro_receive_skb@?
tcp_transmit_skb __tcp_transmit_skb@4.18
tcp_sendpage tcp_sendmsg@6.5
udp_sendpage udp_sendmsg@6.5
sock_sendpage sock_sendmsg@6.5
user_path_at_empty user_path_at@6.12
__do_softirq handle_softirqs@?
newidle_balance sched_balance_newidle@?
vfs_readdir iterate_dir@3.11
do_unlinkat filename_unlinkat@?
do_mkdirat filename_mkdirat@?
do_rmdir filename_rmdir@?
do_renameat2 filename_renameat2@?
do_filp_open do_file_open@?
printk _printk@5.15
usleep_range usleep_range_state@5.16
tick_sched_timer tick_nohz_handler@?
napi_poll __napi_poll@?
icmp_send __icmp_send@5.1
queued_spin_lock_slowpath native_queued_spin_lock_slowpath@4.2
do_sync_read new_sync_read@?
do_sync_write new_sync_write@?
ttwu_do_wakeup ttwu_do_activate@6.3
__mutex_lock_slowpath __mutex_lock@?
`;

interface Member {
  readonly name: string;
  /** The version that it came with. */
  readonly since?: string;
}

/** Another name of a function. */
export interface OtherName {
  readonly name: string;
  /** `do_fork became kernel_clone in Linux 5.10` */
  readonly note: string;
  /** Newer than the name that was asked for. */
  readonly is_newer: boolean;
  /** The version that this name came with. */
  readonly since?: string;
}

const families: readonly (readonly Member[])[] = FAMILIES.trim().split("\n").map((line) =>
  line.split(" ").map((word) => {
    const [name = "", since = "?"] = word.split("@");
    return { name, ...(since === "?" ? {} : { since }) };
  })
);

/** The names that a function has in other kernels: the newest first, then the older ones. */
export function otherNames(name: string): readonly OtherName[] {
  return families.flatMap((family) => {
    const at = family.findIndex((member) => member.name === name);
    if (at < 0) return [];
    const newer = family.slice(at + 1).reverse().map((member): OtherName => ({
      name: member.name,
      note: `${name} became ${member.name} in ${
        member.since === undefined ? "newer kernels" : `Linux ${member.since}`
      }`,
      is_newer: true,
      ...(member.since === undefined ? {} : { since: member.since }),
    }));
    const older = family.slice(0, at).reverse().map((member, index): OtherName => {
      const until = family[at - index]?.since;
      const when = until === undefined ? "in older kernels" : `before Linux ${until}`;
      return { name: member.name, note: `${name} is ${member.name} ${when}`, is_newer: false };
    });
    return [...newer, ...older];
  });
}
