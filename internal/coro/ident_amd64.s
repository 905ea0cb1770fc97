#include "textflag.h"

// func G() uintptr
TEXT ·G(SB), NOSPLIT, $0-8
	MOVQ (TLS), AX
	MOVQ AX, ret+0(FP)
	RET

// func returnPC(hops uintptr) uintptr
// BP is a frame; the word there is the frame below it, the next word the
// return address.
TEXT ·returnPC(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ hops+0(FP), CX
	MOVQ BP, AX
next:
	MOVQ (AX), AX
	SUBQ $1, CX
	JNZ  next
	MOVQ 8(AX), AX
	MOVQ AX, ret+8(FP)
	RET

// func peek(at uintptr) uint64
TEXT ·peek(SB), NOSPLIT|NOFRAME, $0-16
	MOVQ at+0(FP), AX
	MOVQ (AX), AX
	MOVQ AX, ret+8(FP)
	RET
