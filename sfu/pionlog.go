package sfu

import (
	"fmt"
	"log/slog"

	"github.com/pion/logging"
)

// pionLog carries pion's warnings and errors to slog at debug level: almost all of them are what a
// client did wrong, and none of them may fill the log of a server under attack.
type pionLog struct{ log *slog.Logger }

// NewLogger makes the logger of one of pion's scopes.
func (p pionLog) NewLogger(scope string) logging.LeveledLogger {
	return scopeLog{p.log.With("scope", scope)}
}

type scopeLog struct{ log *slog.Logger }

func (scopeLog) Trace(string)          {}
func (scopeLog) Tracef(string, ...any) {}
func (scopeLog) Debug(string)          {}
func (scopeLog) Debugf(string, ...any) {}
func (scopeLog) Info(string)           {}
func (scopeLog) Infof(string, ...any)  {}

func (s scopeLog) Warn(m string)             { s.log.Debug(m) }
func (s scopeLog) Warnf(f string, a ...any)  { s.log.Debug(fmt.Sprintf(f, a...)) }
func (s scopeLog) Error(m string)            { s.log.Debug(m) }
func (s scopeLog) Errorf(f string, a ...any) { s.log.Debug(fmt.Sprintf(f, a...)) }
