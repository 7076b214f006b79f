#ifndef CRESCENDO_CKERNELS_H
#define CRESCENDO_CKERNELS_H
/// Name of the instruction set chosen at run time: "avx512", "avx2" or "baseline".
const char *ck_instruction_set(void);
#endif
