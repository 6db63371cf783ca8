import { expect, it } from "vitest";
import { publicAddresses } from "../../../src/lib/public-addresses.ts";

const isPublic = publicAddresses(["1.2.3.0/24", "2606:4700::/32"]);

it.each([
  ["8.8.8.8", true],
  ["1.2.4.1", true],
  ["2001:4860:4860::8888", true],
  ["1.2.3.4", false],
  ["2606:4700::1111", false],
  ["10.0.0.1", false],
  ["127.0.0.1", false],
  ["169.254.169.254", false],
  ["172.31.255.255", false],
  ["192.168.1.1", false],
  ["100.64.0.1", false],
  ["0.0.0.0", false],
  ["255.255.255.255", false],
  ["::", false],
  ["::1", false],
  ["::ffff:10.0.0.1", false],
  ["::ffff:8.8.8.8", false],
  ["64:ff9b::a00:1", false],
  ["fe80::1", false],
  ["fd00::1", false],
  ["2002:a00:1::", false],
  ["2001::1", false],
  ["ff02::1", false],
  ["168.63.129.16", false],
  ["168.63.129.17", true],
  ["2001:20::1", false],
  ["2001:30::1", true],
  ["3fff::1", false],
  ["3fff:1000::1", true],
  ["2130706433", false],
  ["localhost", false],
  ["", false],
])("%s is public: %s", (address, is) => {
  expect(isPublic(address)).toBe(is);
});
