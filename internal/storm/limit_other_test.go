//go:build !linux && !darwin

package storm

func fewDescriptors(int) (undo func()) { return func() {} }
