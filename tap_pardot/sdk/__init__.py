"""Every private hook of singer-sdk, in one place."""
