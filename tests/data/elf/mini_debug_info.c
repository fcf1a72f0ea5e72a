/*
 * The source of mini_debug_info: a stripped program whose symbols are in .gnu_debugdata, as Fedora ships them. Made by:
 *
 *   gcc -O1 -nostdlib -static -fno-asynchronous-unwind-tables -fno-pie -no-pie -Wl,--build-id=none \
 *     -Wl,-z,noseparate-code -Wl,-z,norelro -o program mini_debug_info.c
 *   objcopy --only-keep-debug program debug
 *   objcopy -S --remove-section=.comment --keep-symbol={hidden_helper,hidden_other,_start} debug symbols
 *   xz -9e symbols
 *   strip --strip-all --remove-section=.comment program
 *   objcopy --add-section .gnu_debugdata=symbols.xz program mini_debug_info
 */
__attribute__((noinline)) static int hidden_helper(int x) { __asm__ volatile("nop"); return x + 1; }
__attribute__((noinline)) static int hidden_other(int x) { __asm__ volatile("nop\nnop"); return x + 2; }
void _start(void)
{
	hidden_helper(hidden_other(1));
	__asm__ volatile("mov $60, %eax\nxor %edi, %edi\nsyscall");
}
