/* A library with one function in two versions. */
__asm__(".symver old_answer, answer@SAMPLE_1\n.symver new_answer, answer@@SAMPLE_2");
int old_answer(void) { return 41; }
int new_answer(void) { return 42; }
