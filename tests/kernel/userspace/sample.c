/* A program with functions of every kind that a name can lead to. Compiled by sample.ts, together with itself (-DSECOND). */
#define KEEP __attribute__((noinline, used))

#ifdef SECOND
/* the same names once more, in another file */
KEEP int twice(int x) { return x * 2; }
KEEP static int hidden(int x) { return x + 2; }
int use_hidden(int x) { return hidden(x); }
#else
#include <stdio.h>
#include <unistd.h>

int use_hidden(int x);
int sample_data = 7;

KEEP static int twice(int x) { return x + x + sample_data; }
KEEP static int hidden(int x) { return x + 1; }
KEEP int sample_add(int number, const char *text) { return number + text[0]; }
KEEP int mangled(int x) __asm__("_ZN6sample6engine3runEi");
KEEP int mangled(int x) { return x - 1; }

/* two instructions of known lengths (INSTRUCTION_BYTES in sample.ts), then text that a test can look for in the file */
__asm__(".globl marked\n.type marked, @function\nmarked: ret\nnop\n.ascii \"here is marked\"\n.size marked, .-marked\n");

static int __pick_slow(int x) { return x; }
static int __pick_fast(int x) { return x + 1; }
typedef int choice(int);
KEEP static choice *choose(void) { return sample_data ? __pick_slow : __pick_fast; }
int pick(int) __attribute__((ifunc("choose")));

/* For each byte of input: one call, and one byte of output when it is done. */
int main(void) {
  char byte;
  int sum = 0;
  while (read(0, &byte, 1) == 1) {
    sum += sample_add(byte, "hello from sample") + twice(byte) + hidden(byte) + use_hidden(byte) + pick(byte) + mangled(byte);
    if (write(1, &byte, 1) != 1) break;
  }
  return sum == 0x7fffffff && printf("%d", sum);
}
#endif
