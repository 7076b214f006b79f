extension ParquetConverter {
    /// Answers each line of standard input, a request, with an Arrow stream of the rows asked for. Ends with its input.
    static let script = #"""
        import sys
        # Not the files beside the data.
        sys.path = [place for place in sys.path if place]
        import json, os, queue, threading


        def end(code, error):
            lines = str(error).strip().splitlines() or [type(error).__name__]
            os.write(2, lines[0].encode("utf-8", "replace")[:1000])
            os._exit(code)


        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except Exception as error:
            end(4, error)


        def batches(table, first, last, names):
            """The rows from first to last: of the row groups that have some of them."""
            start, groups, skip = 0, [], None
            for group in range(table.metadata.num_row_groups):
                rows = table.metadata.row_group(group).num_rows
                if start < last and start + rows > first:
                    skip = max(0, first - start) if skip is None else skip
                    groups.append(group)
                start += rows
            if skip is None:
                return
            left = last - first
            # About four million values: of a wide table few rows.
            size = max(64, min(1 << 16, (1 << 22) // max(1, len(names)), left))
            for batch in table.iter_batches(batch_size=size, row_groups=groups, columns=names):
                if skip >= batch.num_rows:
                    skip -= batch.num_rows
                    continue
                batch = batch.slice(skip, left)
                skip, left = 0, left - batch.num_rows
                yield batch
                if left == 0:
                    return


        def ahead(batches):
            """The same, read while others are taken."""
            taken = queue.Queue(3)

            def fill():
                try:
                    for batch in batches:
                        taken.put(batch)
                    taken.put(None)
                except BaseException as error:
                    taken.put(error)

            threading.Thread(target=fill, daemon=True).start()
            while (batch := taken.get()) is not None:
                if isinstance(batch, BaseException):
                    raise batch
                yield batch


        try:
            out = os.fdopen(1, "wb", 1 << 16)
            for line in sys.stdin.buffer:
                request = json.loads(line)
                if request["threads"] > 0:
                    pa.set_cpu_count(request["threads"])
                table = pq.ParquetFile(request["file"])
                stream = None
                for batch in ahead(batches(table, *request["rows"], request["columns"])):
                    stream = stream or pa.ipc.new_stream(out, batch.schema)
                    stream.write_batch(batch)
                stream = stream or pa.ipc.new_stream(out, pa.schema([]))
                stream.close()
                out.flush()
        except BrokenPipeError:
            os._exit(0)
        except BaseException as error:
            end(3, error)
        """#
}
