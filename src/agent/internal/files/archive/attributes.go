package archive

import (
	"strings"

	"golang.org/x/sys/unix"
)

// attributePrefix is how archives name extended attributes.
const attributePrefix = "SCHILY.xattr."

// kept reports whether an extended attribute belongs to a file wherever it is: what users set, and capabilities.
func kept(name string) bool { return strings.HasPrefix(name, "user.") || name == "security.capability" }

// attributesOf gives the extended attributes of an open file as records of an archive; nil if it has none.
func attributesOf(file int) map[string]string {
	size, err := unix.Flistxattr(file, nil)
	if err != nil || size == 0 {
		return nil
	}
	list := make([]byte, size)
	if size, err = unix.Flistxattr(file, list); err != nil {
		return nil
	}
	var records map[string]string
	for name := range strings.SplitSeq(string(list[:size]), "\x00") {
		if value, found := attributeOf(file, name); found {
			if records == nil {
				records = map[string]string{}
			}
			records[attributePrefix+name] = value
		}
	}
	return records
}

func attributeOf(file int, name string) (value string, found bool) {
	if !kept(name) {
		return "", false
	}
	var buffer [64 << 10]byte
	n, err := unix.Fgetxattr(file, name, buffer[:])
	return string(buffer[:max(n, 0)]), err == nil
}

// setAttributes gives a file those attributes that it can have here.
func setAttributes(file int, records map[string]string) {
	for record, value := range records {
		if name, is := strings.CutPrefix(record, attributePrefix); is && kept(name) {
			_ = unix.Fsetxattr(file, name, []byte(value), 0)
		}
	}
}
