// Package cluster will let several nodes hold one school: who is there, which of them owns a class,
// the class's log and its commands in Redis.
//
// It owns nothing yet: this version of Préau runs on one machine. It stands here so that its place
// among the layers is fixed: it implements room.Log, and is the only one to know Redis.
package cluster
