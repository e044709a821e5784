"""Singer tap for Pardot (Salesforce Account Engagement), built on the Meltano SDK."""
