#include "textflag.h"

// func G() uintptr
TEXT ·G(SB), NOSPLIT, $0-8
	MOVD g, ret+0(FP)
	RET

// func returnPC(hops uintptr) uintptr
// R29 is a frame; the word there is the frame below it, the next word the
// return address.
TEXT ·returnPC(SB), NOSPLIT|NOFRAME, $0-16
	MOVD hops+0(FP), R1
	MOVD R29, R0
next:
	MOVD (R0), R0
	SUB  $1, R1, R1
	CBNZ R1, next
	MOVD 8(R0), R0
	MOVD R0, ret+8(FP)
	RET

// func peek(at uintptr) uint64
TEXT ·peek(SB), NOSPLIT|NOFRAME, $0-16
	MOVD at+0(FP), R0
	MOVD (R0), R0
	MOVD R0, ret+8(FP)
	RET
