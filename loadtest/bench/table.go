package bench

import (
	"fmt"
	"strings"
)

// String is two tables in Markdown.
func (r *Report) String() string {
	var b strings.Builder
	b.WriteString("| the machine's limit | CPU of a packet, before | after |\n| --- | --- | --- |\n")
	for i, l := range r.Limit {
		fmt.Fprintf(&b, "| AES-128-GCM and %s | %.2f µs | %.2f µs |\n", l.Way, l.Microseconds(), r.After[i].Microseconds())
	}
	b.WriteString("\n| load | packets/s | CPU of a packet | server, load: cores | delay: half, 99 % | joins: half, 95 %, failed | memory a person | lost, frozen | goals |\n")
	b.WriteString("| --- | --- | --- | --- | --- | --- | --- | --- | --- |\n")
	for _, row := range r.Rows {
		l := row.Load
		fmt.Fprintf(&b, "| %s | %.0f | %.2f µs | %.2f, %.2f | %.1f, %.1f ms | %.0f, %.0f ms, %d | %.2f MiB | %d, %.1f s | %s |\n",
			row.Name, float64(l.Server.Packets)/l.Seconds, l.Server.MicrosecondsPacket, l.Server.Cores, l.Own.Cores,
			l.Media.DelayP50, l.Media.DelayP99, l.Joins.P50, l.Joins.P95, l.Joins.Failed,
			float64(l.Server.BytesPerson)/(1<<20), l.Media.Lost, l.Media.FrozenSeconds, row.Goal)
	}
	if r.Linear > 0 {
		fmt.Fprintf(&b, "\nCPU against packets, classes of 30 to 150: R² = %.3f (goal 0.98).\n", r.Linear)
	}
	return b.String()
}
