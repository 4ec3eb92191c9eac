"""HTTP: the application, its routes, and the adapter between aiohttp and the rest of LARST.

The only package that imports aiohttp.
"""
