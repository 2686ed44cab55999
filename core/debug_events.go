package core

type debugBus struct{}
