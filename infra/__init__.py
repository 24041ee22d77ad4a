"""What holds the product up: kernel, adapters, migrations, deployment."""
