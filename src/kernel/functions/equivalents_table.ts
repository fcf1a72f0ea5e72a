/** Functions and the tracepoints that tell the same of them; read with include/trace/events beside it. */

/** One function, and one event in its place. */
export interface EquivalentRow {
  /** Without a compiler's suffix. */
  readonly function_name: string;
  /** `category:name`; or system calls by name, which lead to the function. */
  readonly what: string | readonly string[];
  /** `field=value` */
  readonly match?: string;
  readonly is_exact: boolean;
  readonly says: string;
  /** Only for one of the two; both by default. */
  readonly phase?: "entry" | "return";
  /** The field that holds what the function returned. */
  readonly returned_in?: string;
}

/**
 * `functions = event field=value; what differs`, several lines of a function in the order of preference. `=` fires as
 * often as the function is called, but for what stands behind the semicolon, `~` at something near to it. In an event's
 * place: system calls, joined by `+`. `on_entry` and `on_return` are for one end of the call only, `returns=` names the
 * field with the function's result.
 *
 * Numbers: TCP states of include/net/tcp_states.h, protocols of include/uapi/linux/in.h, softirqs of
 * include/linux/interrupt.h.
 */
const TABLE = `\
# processes
do_fork _do_fork kernel_clone = sched:sched_process_fork returns=child_pid; without calls that fail
copy_process ~ sched:sched_process_fork; without calls that fail
do_execve __do_execve_file do_execveat_common bprm_execve exec_binprm begin_new_exec = sched:sched_process_exec;
  without calls that fail
search_binary_handler load_elf_binary security_bprm_check ~ sched:sched_process_exec; a program that is executed, once
do_exit = sched:sched_process_exit
do_group_exit ~ sched:sched_process_exit; every thread that ends
wake_up_new_task = sched:sched_wakeup_new
do_wait ~ wait4+waitid; without those within the kernel
kernel_wait4 = wait4
__set_task_comm = task:task_rename
# the scheduler
schedule __schedule ~ sched:sched_switch; switches from one task to another: also preemptions, without calls that let
  their task go on
finish_task_switch = sched:sched_switch; in the task that leaves the CPU
try_to_wake_up wake_up_process default_wake_function ~ sched:sched_waking; without calls that found the task awake
ttwu_do_wakeup ttwu_do_activate ~ sched:sched_wakeup; without new tasks
set_task_cpu ~ sched:sched_migrate_task; without calls that name the same CPU again
io_schedule io_schedule_timeout schedule_timeout ~ sched:sched_switch; every switch
do_nanosleep hrtimer_nanosleep ~ nanosleep+clock_nanosleep; clocks of all kinds
cpuidle_enter_state do_idle ~ power:cpu_idle; an event when it begins, one when it ends
# signals, out of memory
__send_signal __send_signal_locked = signal:signal_generate
send_signal send_signal_locked ~ signal:signal_generate; signals from everywhere
do_send_sig_info send_sig_info group_send_sig_info force_sig_info kill_pid_info complete_signal ~
  signal:signal_generate; signals from everywhere
security_task_kill do_tkill ~ signal:signal_generate; signals from everywhere
get_signal ~ signal:signal_deliver; without calls that found no signal
oom_kill_process out_of_memory mem_cgroup_out_of_memory mark_oom_victim ~ oom:mark_victim; every process that is
  chosen
# pages
__alloc_pages_nodemask __alloc_pages __alloc_pages_noprof __alloc_frozen_pages_noprof = kmem:mm_page_alloc
alloc_pages alloc_pages_noprof alloc_pages_current __get_free_pages get_free_pages_noprof get_zeroed_page
  get_zeroed_page_noprof __folio_alloc __folio_alloc_noprof get_page_from_freelist ~ kmem:mm_page_alloc; page
  allocations of all kinds
__free_pages free_pages free_unref_page free_frozen_pages __put_page __folio_put ~ kmem:mm_page_free; pages that are
  freed one by one, on whatever way, when their last user is gone
kmalloc __kmalloc __kmalloc_noprof __kmalloc_node __kmalloc_node_noprof kmem_cache_alloc_trace kmalloc_trace
  kmalloc_trace_noprof __kmalloc_cache_noprof ~ kmem:kmalloc; every kmalloc() of the kernel, also those with a
  constant size
kfree = kmem:kfree
kmem_cache_alloc kmem_cache_alloc_noprof kmem_cache_alloc_lru kmem_cache_alloc_lru_noprof kmem_cache_alloc_node
  kmem_cache_alloc_node_noprof ~ kmem:kmem_cache_alloc; its variants too (_lru, _node)
kmem_cache_free = kmem:kmem_cache_free
try_to_free_pages = vmscan:mm_vmscan_direct_reclaim_begin on_entry
try_to_free_pages = vmscan:mm_vmscan_direct_reclaim_end on_return returns=nr_reclaimed
do_try_to_free_pages ~ vmscan:mm_vmscan_direct_reclaim_begin; without those of cgroups
balance_pgdat kswapd ~ vmscan:mm_vmscan_kswapd_wake; when kswapd wakes up
wakeup_kswapd ~ vmscan:mm_vmscan_wakeup_kswapd; without calls that did not have to wake it
shrink_inactive_list ~ vmscan:mm_vmscan_lru_shrink_inactive; without calls that found no pages
shrink_active_list = vmscan:mm_vmscan_lru_shrink_active
do_shrink_slab ~ vmscan:mm_shrink_slab_start; without calls that had nothing to do
compact_zone ~ compaction:mm_compaction_begin; without calls that had nothing to do
try_to_compact_pages = compaction:mm_compaction_try_to_compact_pages
migrate_pages = migrate:mm_migrate_pages
handle_mm_fault __handle_mm_fault do_user_addr_fault do_page_fault __do_page_fault exc_page_fault ~
  exceptions:page_fault_user; faults of programs, without the kernel's own
filemap_fault = filemap:mm_filemap_fault
account_page_dirtied folio_account_dirtied = writeback:writeback_dirty_folio
account_page_dirtied folio_account_dirtied = writeback:writeback_dirty_page
mark_page_accessed folio_mark_accessed ~ pagemap:mm_lru_activate; pages that become active by it
filemap_add_folio __add_to_page_cache_locked __filemap_add_folio = filemap:mm_filemap_add_to_page_cache; without calls
  that fail
add_to_page_cache_lru ~ filemap:mm_filemap_add_to_page_cache; every page that is added
delete_from_page_cache __delete_from_page_cache filemap_remove_folio __filemap_remove_folio ~
  filemap:mm_filemap_delete_from_page_cache; also pages that are removed many at a time
# connections
tcp_connect = sock:inet_sock_set_state newstate=2; sockets that begin to connect (TCP_SYN_SENT): also those of MPTCP
  and DCCP
tcp_v4_connect tcp_v6_connect ~ sock:inet_sock_set_state newstate=2; IPv4 and IPv6 alike, without calls that fail
  before the first packet
tcp_set_state ~ sock:inet_sock_set_state; also changes on other ways than this function
tcp_close __tcp_close tcp_fin inet_csk_destroy_sock ~ sock:inet_sock_set_state; every change of a TCP connection's
  state
inet_csk_listen_start inet_listen ~ sock:inet_sock_set_state newstate=10; without calls that fail, or change the
  backlog only
inet_csk_accept inet_accept ~ accept+accept4; of all protocols
tcp_v4_destroy_sock = tcp:tcp_destroy_sock
tcp_rcv_established = tcp:tcp_probe
tcp_v4_do_rcv tcp_v4_rcv tcp_v6_rcv tcp_ack ~ tcp:tcp_probe; established connections only
tcp_rcv_space_adjust = tcp:tcp_rcv_space_adjust
tcp_retransmit_skb __tcp_retransmit_skb tcp_retransmit_timer ~ tcp:tcp_retransmit_skb; segments that were sent again
tcp_send_active_reset tcp_v4_send_reset ~ tcp:tcp_send_reset; resets of both kinds
tcp_reset = tcp:tcp_receive_reset
tcp_set_ca_state = tcp:tcp_cong_state_set
tcp_enter_loss tcp_fastretrans_alert ~ tcp:tcp_cong_state_set; every change of state
tcp_sendmsg = sock:sock_send_length protocol=6 returns=ret; when the call returns
tcp_sendmsg ~ sendto+sendmsg+sendmmsg+write+writev; sockets, pipes and files alike, whatever the protocol
tcp_recvmsg = sock:sock_recv_length protocol=6 returns=ret; when the call returns
tcp_recvmsg ~ recvfrom+recvmsg+recvmmsg+read+readv; sockets, pipes and files alike, whatever the protocol
udp_sendmsg udpv6_sendmsg ~ sock:sock_send_length protocol=17 returns=ret; IPv4 and IPv6 alike, when the call returns
udp_sendmsg udpv6_sendmsg ~ sendto+sendmsg+sendmmsg; sockets of all protocols
udp_recvmsg udpv6_recvmsg ~ sock:sock_recv_length protocol=17 returns=ret; IPv4 and IPv6 alike, when the call returns
udp_recvmsg udpv6_recvmsg ~ recvfrom+recvmsg+recvmmsg; sockets of all protocols
sock_sendmsg __sock_sendmsg inet_sendmsg inet6_sendmsg ~ sock:sock_send_length returns=ret; sockets of all protocols,
  when the call returns
sock_sendmsg __sock_sendmsg inet_sendmsg ~ sendto+sendmsg+sendmmsg; without write() to a socket
sock_recvmsg inet_recvmsg ~ sock:sock_recv_length returns=ret; sockets of all protocols, when the call returns
sock_recvmsg inet_recvmsg ~ recvfrom+recvmsg+recvmmsg; without read() of a socket
__sys_accept4 __sys_accept4_file do_accept = accept+accept4
__sys_connect_file inet_stream_connect __inet_stream_connect ~ connect; of all protocols
security_socket_connect = connect
inet_bind __inet_bind security_socket_bind ~ bind; of all protocols
__sock_create sock_create security_socket_create ~ socket; without the kernel's own
# packets
kfree_skb kfree_skb_reason sk_skb_reason_drop = skb:kfree_skb; without calls that leave the packet to another user
tcp_drop tcp_drop_reason ~ skb:kfree_skb; packets that are dropped anywhere
consume_skb ~ skb:consume_skb; every packet that is freed and was not dropped
skb_copy_datagram_iter = skb:skb_copy_datagram_iovec
dev_queue_xmit __dev_queue_xmit = net:net_dev_queue
dev_hard_start_xmit ~ net:net_dev_start_xmit; every packet of a list
ip_output ip_finish_output ip_finish_output2 ip_local_out ip_queue_xmit __ip_queue_xmit ip6_output __tcp_transmit_skb
  tcp_transmit_skb tcp_write_xmit ~ net:net_dev_queue; every packet that is sent
netif_receive_skb = net:netif_receive_skb_entry on_entry
netif_receive_skb = net:netif_receive_skb_exit on_return returns=ret
netif_rx __netif_rx ~ net:netif_rx_entry on_entry; netif_rx and __netif_rx alike
netif_rx __netif_rx ~ net:netif_rx_exit on_return returns=ret; netif_rx and __netif_rx alike
napi_gro_receive gro_receive_skb = net:napi_gro_receive_entry on_entry
napi_gro_receive gro_receive_skb = net:napi_gro_receive_exit on_return returns=ret
__netif_receive_skb_core = net:netif_receive_skb
__netif_receive_skb ip_rcv ip_rcv_core ip_rcv_finish ip_local_deliver ipv6_rcv arp_rcv icmp_rcv udp_rcv ~
  net:netif_receive_skb; every packet that is received, whatever its protocol
icmp_send __icmp_send = icmp:icmp_send
napi_poll __napi_poll = napi:napi_poll
fib_table_lookup = fib:fib_table_lookup
neigh_update __neigh_update = neigh:neigh_update
# files
vfs_read = read+pread64; also calls with a wrong file descriptor, without reads within the kernel
vfs_write = write+pwrite64; also calls with a wrong file descriptor, without writes within the kernel
vfs_readv do_iter_read = readv+preadv+preadv2
vfs_writev do_iter_write = writev+pwritev+pwritev2
__vfs_read new_sync_read rw_verify_area ~ read+pread64; whatever file it is
__vfs_write new_sync_write ~ write+pwrite64; whatever file it is
do_sys_open do_sys_openat2 do_filp_open do_file_open path_openat vfs_open do_dentry_open security_file_open ~ openat;
  without open, creat and openat2, which few programs call
vfs_fsync vfs_fsync_range ~ fsync+fdatasync; without those of msync and O_SYNC
do_fsync = fsync+fdatasync
do_unlinkat filename_unlinkat vfs_unlink security_inode_unlink ~ unlink+unlinkat; for the names of files trace
  syscalls/sys_enter_unlinkat
do_rmdir filename_rmdir vfs_rmdir ~ rmdir+unlinkat; also files that are removed
do_mkdirat filename_mkdirat vfs_mkdir ~ mkdir+mkdirat; for the names of files trace syscalls/sys_enter_mkdirat
do_renameat2 filename_renameat2 vfs_rename ~ rename+renameat+renameat2; for the names of files trace
  syscalls/sys_enter_renameat2
vfs_stat vfs_statx vfs_getattr ~ stat+lstat+newfstatat+statx; for the names of files trace
  syscalls/sys_enter_newfstatat
vfs_fstat ~ newfstat; without newfstatat
iterate_dir ~ getdents+getdents64; without those of file systems on top of others
do_sendfile = sendfile64
path_mount = mount
do_mount ~ mount; all ways to it
filp_close ~ close; without the kernel's own
vfs_ioctl do_vfs_ioctl ~ ioctl; also those that the kernel answers itself
wb_writeback wb_workfn ~ writeback:writeback_start; when there is work to do
__writeback_single_inode = writeback:writeback_single_inode_start
do_writepages write_cache_pages ~ writeback:writeback_single_inode_start; background writing only
ext4_sync_file = ext4:ext4_sync_file_enter on_entry
ext4_sync_file = ext4:ext4_sync_file_exit on_return returns=ret
ext4_unlink = ext4:ext4_unlink_enter on_entry
ext4_unlink = ext4:ext4_unlink_exit on_return returns=ret
jbd2_journal_commit_transaction = jbd2:jbd2_start_commit
# waiting
do_sys_poll = poll+ppoll
core_sys_select do_select ~ select+pselect6; also calls that fail before
do_epoll_wait ep_poll = epoll_wait+epoll_pwait+epoll_pwait2
do_futex futex_wait futex_wake ~ futex; every operation on a futex
mutex_lock __mutex_lock down_read down_write ~ lock:contention_begin; locks of all kinds, when they are held
# memory maps
do_mmap vm_mmap_pgoff ksys_mmap_pgoff do_mmap_pgoff mmap_region ~ mmap; without those of exec
do_munmap __do_munmap do_vmi_munmap __vm_munmap ~ munmap; without those of mmap and exec
do_brk_flags ~ brk; also calls that shrink the heap, or ask for its end
# block devices
submit_bio submit_bio_noacct generic_make_request ~ block:block_bio_queue; also the parts of one that is split
blk_mq_submit_bio blk_mq_make_request ~ block:block_getrq; without those that are merged
blk_mq_start_request = block:block_rq_issue
blk_account_io_start __blk_account_io_start = block:block_io_start
blk_account_io_start __blk_account_io_start ~ block:block_rq_issue; when it goes to the device
blk_account_io_done __blk_account_io_done = block:block_io_done
blk_account_io_done __blk_account_io_done ~ block:block_rq_complete; also parts of a request
blk_update_request = block:block_rq_complete
blk_mq_end_request __blk_mq_end_request blk_mq_complete_request ~ block:block_rq_complete; also parts of a request
bio_endio ~ block:block_bio_complete; without those that were never queued
blk_mq_requeue_request = block:block_rq_requeue
bio_attempt_back_merge = block:block_bio_backmerge
nvme_setup_cmd nvme_queue_rq = nvme:nvme_setup_cmd
scsi_dispatch_cmd scsi_queue_rq = scsi:scsi_dispatch_cmd_start
scsi_done = scsi:scsi_dispatch_cmd_done
# interrupts, and what runs later
handle_irq_event handle_irq_event_percpu __handle_irq_event_percpu ~ irq:irq_handler_entry on_entry; every handler of
  the line
handle_irq_event handle_irq_event_percpu __handle_irq_event_percpu ~ irq:irq_handler_exit on_return; every handler of
  the line
run_timer_softirq = irq:softirq_entry vec=1
net_tx_action = irq:softirq_entry vec=2
net_rx_action = irq:softirq_entry vec=3
blk_done_softirq = irq:softirq_entry vec=4
tasklet_action = irq:softirq_entry vec=6
run_rebalance_domains sched_balance_softirq = irq:softirq_entry vec=7
rcu_core rcu_core_si ~ irq:softirq_entry vec=9; where RCU runs in softirqs
__do_softirq handle_softirqs ~ irq:softirq_entry; every kind of softirq by itself
call_timer_fn = timer:timer_expire_entry
__run_hrtimer hrtimer_interrupt ~ timer:hrtimer_expire_entry; every timer that expires
process_one_work = workqueue:workqueue_execute_start
__queue_work queue_work_on ~ workqueue:workqueue_queue_work; without work that was queued already
# the rest
do_init_module load_module ~ module:module_load; without calls that fail
free_module = module:module_free
vprintk_emit = printk:console
printk _printk vprintk ~ printk:console; every message of the kernel
cgroup_attach_task = cgroup:cgroup_attach_task
kthread_stop = sched:sched_kthread_stop
`;

/** Every row, a function each, in the order of the table. */
export function* equivalentRows(): Generator<EquivalentRow> {
  for (const line of TABLE.replace(/\n {2}/g, " ").trim().split("\n")) {
    const [, names = "", sign, what = "", words = "", says = ""] =
      /^([\w ]+) ([=~]) ([\w:+]+)((?: [\w=]+)*)(?:; (.*))?$/.exec(line) ?? [];
    if (sign === undefined) continue; // a heading
    const row = {
      what: what.includes(":") ? what : what.split("+"),
      is_exact: sign === "=",
      says,
      ...optionsOf(words.trim()),
    };
    for (const function_name of names.split(" ")) yield { function_name, ...row };
  }
}

function optionsOf(words: string): Pick<EquivalentRow, "match" | "phase" | "returned_in"> {
  const [, returned_in] = /\breturns=(\w+)/.exec(words) ?? [];
  const [, phase] = /\bon_(entry|return)\b/.exec(words) ?? [];
  const [match] = /\b(?!returns=)\w+=\d+/.exec(words) ?? [];
  return {
    ...(match === undefined ? {} : { match }),
    ...(phase === "entry" || phase === "return" ? { phase } : {}),
    ...(returned_in === undefined ? {} : { returned_in }),
  };
}
