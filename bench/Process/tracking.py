#!/usr/bin/env python3
"""Measures a tracking server over keep-alive HTTP with bare sockets: bodies are made before the clock starts, answers are read whole.

    bench/Process/tracking.py http://127.0.0.1:5000 [--seconds 5] [--token T] [--only NAME ...]

Works against any server that speaks MLflow's REST API, so that two can be compared on the same machine within the same minute.
"""
import argparse
import json
import select
import socket
import threading
import time
import urllib.parse

FIRST_STEP = 1_000_000


class Connection:
    def __init__(self, address, token):
        url = urllib.parse.urlparse(address)
        self.host = url.netloc
        self.auth = f"Authorization: Bearer {token}\r\n" if token else ""
        self.socket = socket.create_connection((url.hostname, url.port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""

    def request(self, verb, path, body=None):
        """The bytes of a request below /api/2.0/mlflow/."""
        data = b"" if body is None else json.dumps(body).encode()
        head = f"{verb} /api/2.0/mlflow/{path} HTTP/1.1\r\nHost: {self.host}\r\n{self.auth}"
        if body is not None:
            head += f"Content-Type: application/json\r\nContent-Length: {len(data)}\r\n"
        return head.encode() + b"\r\n" + data

    def send(self, request):
        self.socket.sendall(request)
        while b"\r\n\r\n" not in self.buffer:
            self._more()
        head, _, rest = self.buffer.partition(b"\r\n\r\n")
        status = int(head[9:12])
        length = next(int(line[15:]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:"))
        parts, size = [rest], len(rest)
        while size < length:
            part = self.socket.recv(1 << 20)
            parts.append(part)
            size += len(part)
        answer = b"".join(parts)
        self.buffer = answer[length:]
        if status != 200:
            raise SystemExit(f"{status}: {answer[:300]}")
        return answer[:length]

    def call(self, verb, path, body=None):
        return json.loads(self.send(self.request(verb, path, body)))

    def _more(self):
        part = self.socket.recv(1 << 16)
        if not part:
            raise SystemExit("the server closed the connection")
        self.buffer += part


def rate(connect, seconds, make, per_request=1, threads=1):
    """Requests a second, times what each carries. make(connection, n) gives the n-th request."""
    done = [0] * threads
    batches = [[] for _ in range(threads)]
    connections = [connect() for _ in range(threads)]
    for index, connection in enumerate(connections):
        batches[index] = make(connection, index)

    def work(index):
        end = time.perf_counter() + seconds
        for request in batches[index]:
            connections[index].send(request)
            done[index] += 1
            if time.perf_counter() > end:
                break

    start = time.perf_counter()
    workers = [threading.Thread(target=work, args=(index,)) for index in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(done) * per_request / (time.perf_counter() - start)


class Client:
    """One of a crowd: its run, the request that it sends again and again with another step, and when it sent the last one."""

    def __init__(self, connection, experiment, points):
        self.socket = connection.socket
        self.run = connection.call("POST", "runs/create", {"experiment_id": experiment, "start_time": 1})["run"]["info"]["run_id"]
        self.request = connection.request("POST", "runs/log-batch", {"run_id": self.run, "metrics": [
            {"key": f"m{k}", "value": 0.5, "timestamp": FIRST_STEP, "step": FIRST_STEP} for k in range(points)]})
        self.sent = 0
        self.since = 0.0

    def send(self):
        # Steps have equally many digits, so that neither the body nor its length is made anew.
        request = self.request.replace(str(FIRST_STEP).encode(), str(FIRST_STEP + self.sent).encode())
        self.sent += 1
        self.since = time.perf_counter()
        self.socket.sendall(request)


def crowd(connect, seconds, clients, experiment, points=100):
    """Many clients that each log batches one after the other, from one loop over all sockets: it costs some 40 us of CPU a request, so that the
    server is what is measured. The milliseconds of each answer, and what share of a processor this program took; every point is there afterwards."""
    poll = select.epoll()
    by_number = {}
    for _ in range(clients):
        client = Client(connect(), experiment, points)
        by_number[client.socket.fileno()] = client
        poll.register(client.socket, select.EPOLLIN)
    spans, busy, start = [], time.process_time(), time.perf_counter()
    for client in by_number.values():
        client.send()
    waiting = clients
    while waiting:
        for number, _ in poll.poll():
            client = by_number[number]
            answer = client.socket.recv(1 << 16)
            while not answer.endswith(b"{}"):
                if not answer.startswith(b"HTTP/1.1 200") or not (more := client.socket.recv(1 << 16)):
                    raise SystemExit(f"answered {answer[:300]}")
                answer += more
            now = time.perf_counter()
            spans.append((now - client.since) * 1000)
            if now < start + seconds:
                client.send()
            else:
                waiting -= 1
    took = time.perf_counter() - start
    share = (time.process_time() - busy) / took
    reader = connect()
    for client in by_number.values():
        for key in ("m0", f"m{points - 1}"):
            kept = reader.call("GET", f"metrics/get-history?run_id={client.run}&metric_key={key}&max_results=25000").get("metrics", [])
            if len(kept) != client.sent:
                raise SystemExit(f"{len(kept)} points of {key} are there of {client.sent}")
    return sorted(spans), took, share


def timed(action, times=5):
    """The median of some runs in milliseconds."""
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        spans.append((time.perf_counter() - start) * 1000)
    return sorted(spans)[times // 2]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address")
    parser.add_argument("--seconds", type=float, default=4)
    parser.add_argument("--token")
    parser.add_argument("--runs", type=int, default=10_000, help="how many runs are searched")
    parser.add_argument("--clients", type=int, default=200)
    parser.add_argument("--only", nargs="*")
    options = parser.parse_args()

    def connect():
        return Connection(options.address, options.token)

    def wanted(name):
        return not options.only or name in options.only

    first = connect()
    experiment = first.call("POST", "experiments/create", {"name": f"bench-{time.time_ns()}"})["experiment_id"]

    def new_run():
        return first.call("POST", "runs/create", {"experiment_id": experiment, "start_time": 1})["run"]["info"]["run_id"]

    for threads in (1, 8):
        if wanted("log-metric"):
            runs = [new_run() for _ in range(threads)]
            count = int(options.seconds * 20_000 / threads)
            figure = rate(connect, options.seconds, lambda c, i: [
                c.request("POST", "runs/log-metric", {"run_id": runs[i], "key": "loss", "value": 1 / (n + 1), "timestamp": n, "step": n})
                for n in range(count)], threads=threads)
            print(f"log_metric, {threads} connection(s): {figure:,.0f}/s", flush=True)

    if wanted("log-batch"):
        run = new_run()
        figure = rate(connect, options.seconds, lambda c, i: [
            c.request("POST", "runs/log-batch", {"run_id": run, "metrics": [
                {"key": f"metric-{k}", "value": (n * 100 + s) / 7, "timestamp": n * 100 + s, "step": n * 100 + s} for s in range(100) for k in range(10)]})
            for n in range(int(options.seconds * 400))], per_request=1000)
        print(f"log-batch of 1,000 metrics: {figure:,.0f} metrics/s", flush=True)

    if wanted("crowd"):
        spans, took, share = crowd(connect, options.seconds, options.clients, experiment)
        print(f"log-batch of 100, {options.clients} clients for {took:.0f} s: {len(spans) / took:,.0f}/s, p50 {spans[len(spans) // 2]:.0f} ms, "
              f"p99 {spans[len(spans) * 99 // 100]:.0f} ms, worst {spans[-1]:.0f} ms, no point lost; the clients took {share:.0%} of a processor", flush=True)

    if wanted("create-run"):
        figure = rate(connect, options.seconds, lambda c, i: [
            c.request("POST", "runs/create", {"experiment_id": experiment, "start_time": n, "tags": [{"key": "mlflow.user", "value": "u"}]})
            for n in range(int(options.seconds * 10_000))])
        print(f"create_run: {figure:,.0f}/s", flush=True)

    if wanted("search"):
        searched = first.call("POST", "experiments/create", {"name": f"search-{time.time_ns()}"})["experiment_id"]
        for n in range(options.runs):
            run = first.call("POST", "runs/create", {"experiment_id": searched, "start_time": n})["run"]["info"]["run_id"]
            first.call("POST", "runs/log-batch", {
                "run_id": run, "metrics": [{"key": f"m{k}", "value": (n * 7919 + k) % 10_007 / 10_007, "timestamp": 1} for k in range(20)],
                "params": [{"key": f"p{k}", "value": str(n % 7 + k)} for k in range(5)]})
        for name, query in {
            "by a metric, with order": {"filter": "metrics.m0 > 0.5", "order_by": ["metrics.m1 DESC"]},
            "by two clauses": {"filter": "metrics.m0 > 0.5 AND params.p1 = '3'", "order_by": ["metrics.m2"]},
            "by two that hold for half each": {"filter": "metrics.m0 > 0.5 AND metrics.m3 < 0.5", "order_by": ["metrics.m1 DESC"]},
            "by two that never hold together": {"filter": "metrics.m0 > 0.9 AND metrics.m0 < 0.1", "order_by": ["metrics.m1 DESC"]},
            "by a rare and a common": {"filter": "metrics.m0 > 0.999 AND params.p1 != '3'", "order_by": ["metrics.m1"]},
            "by text alone": {"filter": "params.p1 LIKE '%3%' AND params.p2 != '4'", "order_by": ["params.p3"]},
            "newest": {},
        }.items():
            for most in (100, 1000):
                request = first.request("POST", "runs/search", {"experiment_ids": [searched], "max_results": most, **query})
                first.send(request)
                print(f"search {options.runs:,} runs {name}, {most} of them: {timed(lambda: first.send(request)):.1f} ms", flush=True)

    if wanted("history"):
        run = new_run()
        for n in range(100):
            first.call("POST", "runs/log-batch", {"run_id": run, "metrics": [
                {"key": "h", "value": s / 7, "timestamp": n * 1000 + s, "step": n * 1000 + s} for s in range(1000)]})
        request = first.request("GET", f"metrics/get-history?run_id={run}&metric_key=h")
        print(f"history of 100,000 points: {timed(lambda: first.send(request)):.0f} ms", flush=True)


if __name__ == "__main__":
    main()
