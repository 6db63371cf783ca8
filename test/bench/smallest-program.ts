/**
 * The smallest program for Linux on x86-64: it exits with 0 at once. Beside `/bin/true` it shows what a C library's
 * start-up takes, which under gVisor on a virtual machine is most of a short command.
 */
export function smallestProgram(): Buffer {
  // mov edi, 0; mov eax, 60 (exit); syscall
  const code = Buffer.from("bf00000000b83c0000000f05", "hex");
  const base = 0x400000n;
  const headers = 64 + 56;
  const elf = Buffer.alloc(headers);
  elf.write("\x7fELF\x02\x01\x01", "latin1");
  elf.writeUInt16LE(2, 16); // executable
  elf.writeUInt16LE(62, 18); // x86-64
  elf.writeUInt32LE(1, 20);
  elf.writeBigUInt64LE(base + BigInt(headers), 24); // entry
  elf.writeBigUInt64LE(64n, 32); // program headers
  elf.writeUInt16LE(64, 52);
  elf.writeUInt16LE(56, 54);
  elf.writeUInt16LE(1, 56);
  elf.writeUInt32LE(1, 64); // load
  elf.writeUInt32LE(5, 68); // read, execute
  elf.writeBigUInt64LE(base, 80);
  elf.writeBigUInt64LE(base, 88);
  elf.writeBigUInt64LE(BigInt(headers + code.length), 96);
  elf.writeBigUInt64LE(BigInt(headers + code.length), 104);
  elf.writeBigUInt64LE(0x1000n, 112);
  return Buffer.concat([elf, code]);
}
