package bench

import (
	"encoding/json"
	"errors"
	"io"

	"preau/loadtest/plan"
)

// ReadCosts reads from a report what a packet, a person and a join cost in classes of a usual size.
func ReadCosts(r io.Reader) (plan.Costs, error) {
	var report Report
	if err := json.NewDecoder(r).Decode(&report); err != nil {
		return plan.Costs{}, err
	}
	for _, row := range report.Rows {
		if row.Name == usual && row.Load != nil {
			s := row.Load.Server
			return plan.Costs{Packet: s.MicrosecondsPacket, Person: float64(s.BytesPerson) / (1 << 20), Join: s.MillisecondsJoin}, nil
		}
	}
	return plan.Costs{}, errors.New("this is no report of preau load bench without --short")
}
