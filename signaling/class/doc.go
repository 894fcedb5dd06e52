// Package class is the domain of a virtual classroom: a class is a log of events.
//
//	command ──Decide(state, actor, command)──▶ events ──Append──▶ log ──▶ every Member: Apply(state, event)
//
// It owns the rules: who may do what (Decide), what an event amounts to (Apply), who may know of it
// (View, Hears), and the questions that others ask of a state. Each topic has one file that holds
// its decisions and its reducers side by side.
//
// It must not know a clock, a random source, a logger, a socket or SDP: values come in as
// arguments. It starts no goroutine, and nothing in it is safe for concurrent use of one state.
package class
