import platform

primes = [n for n in range(2, 60) if all(n % d for d in range(2, n))]
print("Python", platform.python_version(), "on", platform.machine())
print("primes:", *primes)
