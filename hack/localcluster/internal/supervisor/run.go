package supervisor

import (
	"fmt"
	"io"
	"os"
)

// Run is the life of a node's first process: it waits for the go-ahead on descriptor 3, furnishes its namespaces, and keeps the
// components of the spec running. It returns only when it cannot start; when it dies, the kernel ends all processes of the node.
func Run(specPath string) error {
	if os.Getpid() != 1 {
		return fmt.Errorf("the supervisor has to be the first process of a PID namespace, not process %d", os.Getpid())
	}
	spec, err := readSpec(specPath)
	if err != nil {
		return err
	}
	if err := awaitGoAhead(os.NewFile(3, "go-ahead")); err != nil {
		return err
	}
	if err := furnish(spec); err != nil {
		return err
	}
	reaper := newReaper()
	keepers := map[string]*keeper{}
	var order []string
	for _, component := range spec.Components {
		keepers[component.Name] = newKeeper(component, reaper, spec)
		order = append(order, component.Name)
	}
	for _, keeper := range keepers {
		go keeper.run()
	}
	return serve(keepers, order)
}

func awaitGoAhead(pipe *os.File) error {
	defer pipe.Close()
	if _, err := io.ReadFull(pipe, make([]byte, 1)); err != nil {
		return fmt.Errorf("no go-ahead: whoever started this node gave up: %w", err)
	}
	return nil
}
