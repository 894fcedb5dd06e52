package sfu

import "context"

type Node struct{}

func New(o Options) (*Node, error)                        { return &Node{}, nil }
func (n *Node) Run(ctx context.Context) error             { <-ctx.Done(); return nil }
func (n *Node) Addrs() Addrs                              { return Addrs{} }
func (n *Node) ICEServers(participant string) []ICEServer { return nil }
func (n *Node) Router(class string) *Router               { return &Router{} }
