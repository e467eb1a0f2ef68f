"""How the server is set: a small machine shared with a dozen Python processes."""

SMALL_MACHINE = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "password_encryption": "scram-sha-256",
    "max_connections": "60",
    "shared_buffers": "64MB",
    "maintenance_work_mem": "128MB",
    "huge_pages": "off",
    # In the data folder instead of /dev/shm: nothing stays behind a killed server whose home is then removed,
    # and containers give /dev/shm 64 MB.
    "dynamic_shared_memory_type": "mmap",
    # Worker processes for reads cost three processes and gain nothing on one local disk.
    "io_method": "sync",
    "jit": "off",
    "max_worker_processes": "4",
    "max_logical_replication_workers": "0",
    "wal_compression": "on",
    "max_wal_size": "512MB",
    "checkpoint_timeout": "15min",
    "autovacuum": "on",
    "track_io_timing": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] ",
    "log_checkpoints": "off",
    "lc_messages": "C",
}
DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
THROWAWAY = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def server_options(*, port: int, durable: bool) -> list[str]:
    """Command-line settings; they win over whatever the cluster's files say."""
    settings = {**SMALL_MACHINE, **(DURABLE if durable else THROWAWAY), "port": str(port)}
    return [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
